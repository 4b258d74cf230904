// A province's first day, by docs/runbooks/first-day.md: from an empty installation (no demo) to a name that is lawfully
// blocked, with the commands and routes that the runbook names and nothing else. And what the first day refuses.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, pixel, Refused } from './client.mjs';
import { faults, note } from './contract.mjs';
import { dig, Stack, until } from './stack.mjs';
import { Authenticator } from './totp.mjs';

const run = promisify(execFile);
const host = 'ngan-hang-uu-dai.example';
const decision = ['--decision', 'QĐ 12/QĐ-UBND'];
const stack = new Stack();
stack.demo = false;
Client.watch = note;
const people = {};

before(() => stack.start({ resolvers: [] }));
after(() => stack.stop());

async function refusal(attempt) {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof Refused) return error.problem.reason;
    if ('stderr' in error) return error.stderr;
    throw error;
  }
  assert.fail('was not refused');
}

/** Signs in with a one-time password, chooses a factor and a password: what everybody does once. */
async function enrol(login, oneTime) {
  let authenticator;
  const client = new Client(stack.url, () => authenticator.fresh());
  const step = await client.post('/api/v1/session', { account: login, password: oneTime });
  assert.deepEqual(step.factors, [], `${login} has no factor yet`);
  client.csrf = step.csrf_token;
  client.user = login;
  const setup = await client.post('/api/v1/session/factors/totp');
  authenticator = new Authenticator(setup.secret);
  const me = await client.post('/api/v1/session/factors/totp/confirm', { code: await authenticator.fresh() });
  assert.equal(me.password_is_temporary, true, 'the one-time password is still in use, and the app says so');
  client.csrf = me.csrf_token;
  client.password = `mat khau cua ${login} 2026`;
  await client.post('/api/v1/session/password', { old_password: oneTime, new_password: client.password });
  assert.equal((await client.get('/api/v1/session')).password_is_temporary, false);
  people[login] = client;
  return client;
}

async function grant(proposer, second, account, role) {
  const change = await proposer.post('/api/v1/account-changes', {
    account_id: account.id, kind: 'grant_role', role, reason: 'Phân công theo QĐ 12/QĐ-UBND',
  });
  assert.equal(await refusal(() => proposer.post(`/api/v1/account-changes/${change.id}/confirm`, { version: change.version })), 'own_proposal');
  await second.post(`/api/v1/account-changes/${change.id}/confirm`, { version: change.version });
}

test('two administrators find their passwords in a file that only the operator reads', async () => {
  const file = join(stack.state, 'first-administrators.txt');
  assert.equal(statSync(file).mode & 0o077, 0, 'nobody else may read it');
  const lines = readFileSync(file, 'utf8').trim().split('\n').slice(1).map((line) => line.split(' '));
  assert.deepEqual(lines.map(([login]) => login), ['admin1', 'admin2']);
  for (const [login, password] of lines) assert.ok(!stack.log('khiend').includes(password), `${login}: not in the log`);
  unlinkSync(file);
  for (const [login, password] of lines) await enrol(login, password);
});

test('the operator enters who the authority is, and the grounds that orders rest on', async () => {
  assert.match(await stack.ctl('ground', 'list'), /no legal ground/);
  await stack.ctl('setting', 'set', 'body_name_vi', 'Công an tỉnh Thử Nghiệm', ...decision);
  await stack.ctl('setting', 'set', 'body_name_en', 'Test Province Police', ...decision);
  await stack.ctl('setting', 'set', 'body_contact', 'lien-he@tinh.example', ...decision);
  await stack.ctl('setting', 'set', 'number_prefix', 'TN', ...decision);
  await stack.ctl('calendar', 'set', '2027-02-05', 'holiday', 'Tết Đinh Mùi', ...decision);
  const printed = await stack.ctl('ground', 'add', '--vi', 'Nghị định 147/2024/NĐ-CP', '--en', 'Decree 147/2024/ND-CP',
    '--article', 'Điều 80', '--url', 'https://vanban.example/147', '--category', 'phishing,fraud', '--from', '2024-12-25', ...decision);
  assert.match(printed, /in force +2024-12-25 to further notice +phishing,fraud/);
  assert.match(await stack.ctl('setting', 'list'), /body_name_vi +Công an tỉnh Thử Nghiệm[\s\S]*number_prefix +TN/);
  assert.match(await stack.ctl('calendar', 'list'), /2027-02-05 +holiday +Tết Đinh Mùi/);
});

test('what is no configuration is refused in words', async () => {
  const add = (...more) => () => stack.ctl('ground', 'add', '--vi', 'A', '--en', 'B', ...decision, ...more);
  assert.match(await refusal(add('--from', 'hôm qua')), /YYYY-MM-DD/);
  assert.match(await refusal(add('--from', '2026-01-01', '--category', 'politics')), /politics is no category/);
  assert.match(await refusal(add('--from', '2026-01-01', '--category', 'choice-ads')), /network choice/);
  assert.match(await refusal(add('--from', '2026-01-01', '--url', 'http://a.example')), /https/);
  assert.match(await refusal(() => stack.ctl('ground', 'add', '--vi', 'A', '--en', 'B', '--from', '2026-01-01')), /--decision/);
  assert.match(await refusal(() => stack.ctl('setting', 'set', 'number_prefix', 'quá dài', ...decision)), /A-Z/);
  assert.match(await refusal(() => stack.ctl('setting', 'set', 'favourite', 'x', ...decision)), /no setting/);
  assert.match(await refusal(() => stack.ctl('ground', 'end', '01JD8Z7Q4M0000000000000000', ...decision)), /no such/);
});

test('administrators make accounts, and roles take two of them', async () => {
  const { admin1, admin2 } = people;
  const wanted = [
    ['binh', 'Nguyễn Thị Bình', 'PA05', ['intake', 'analyst']],
    ['cuong', 'Lê Văn Cường', 'Sở TT', ['approver']],
    ['dung', 'Phạm Thị Dung', 'Sở TT', ['duty_operator']],
  ];
  for (const [login, name, unit, roles] of wanted) {
    const made = await admin1.post('/api/v1/accounts', { login, name, unit, email: `${login}@tinh.example` });
    for (const role of roles) await grant(admin1, admin2, made.account, role);
    await enrol(login, made.password);
  }
  const me = await admin1.get('/api/v1/session');
  assert.equal(
    await refusal(() => admin1.post('/api/v1/account-changes', { account_id: me.account.id, kind: 'grant_role', role: 'approver', reason: 'tự cấp' })),
    'own_account',
  );
  assert.match(await stack.ctl('account', 'list'), /binh +in use +(analyst, intake|intake, analyst)/);
});

test('a report becomes a block with two signatures, under the authority’s own name and number', async () => {
  const { binh, cuong } = people;
  const citizen = new Client(stack.url);
  const { code } = await citizen.post('/api/v1/reports', { text: `https://${host}/ giả ngân hàng lấy mật khẩu`, category: 'phishing', language: 'vi' });
  const { items: [found] } = await binh.get(`/api/v1/cases?q=${host}`);
  assert.match(found.number, /^TN-/);
  const { items: [report] } = await binh.get(`/api/v1/cases/${found.id}/reports`);
  await binh.post(`/api/v1/reports/${report.id}/triage`, { version: report.version, decision: 'accept', category: 'phishing' });
  const form = new FormData();
  form.append('file', new Blob([Buffer.from(pixel, 'base64')], { type: 'image/png' }), 'anh.png');
  const item = await binh.post(`/api/v1/cases/${found.id}/evidence`, form);
  const { items: grounds } = await binh.get('/api/v1/legal-grounds?category=phishing');
  assert.equal(grounds.length, 1);
  assert.deepEqual((await binh.get('/api/v1/legal-grounds?category=malware')).items, [], 'a ground carries its categories only');
  const order = await binh.post('/api/v1/orders', {
    case_id: found.id, category: 'phishing', ground_id: grounds[0].id, name: host, scope: 'domain', evidence_ids: [item.id],
    valid_until_ms: Date.now() + 29 * 86_400_000, reason: 'Giả mạo ngân hàng để lấy mật khẩu',
  });
  assert.equal((await dig(stack.ports.dns, host)).rcode, 'NOERROR');
  await binh.sign(order, 'propose');
  await cuong.sign(order, 'approve');
  const { ms } = await until('it is blocked', async () => (await dig(stack.ports.dns, host)).rcode === 'NXDOMAIN');
  console.log(`blocked ${ms} ms after the second signature`);

  const entry = await citizen.get(`/api/v1/register/${order.id}`);
  assert.equal(entry.ground.title.vi, 'Nghị định 147/2024/NĐ-CP');
  const page = await (await fetch(`${stack.url}/register/${encodeURIComponent(entry.number)}`)).text();
  assert.match(page, /Công an tỉnh Thử Nghiệm/);
  assert.ok((await citizen.post('/api/v1/reports/status', { code })).state);

  // The ground ends: what rests on it stays until its own end, and nothing new can rest on it.
  assert.match(await stack.ctl('ground', 'end', grounds[0].id, ...decision), /1 orders in force/);
  assert.deepEqual((await binh.get('/api/v1/legal-grounds')).items, []);
  assert.equal((await dig(stack.ports.dns, host)).rcode, 'NXDOMAIN');
  await people.dung.move(order, 'lift', { reason: 'Kết thúc thử nghiệm' });
  await until('it resolves again', async () => (await dig(stack.ports.dns, host)).rcode === 'NOERROR');
});

test('a locked-out administrator is rescued on the server, for an hour and in public', async () => {
  assert.match(await refusal(() => stack.ctl('account', 'rescue', 'binh', '--reason', 'mất máy')), /no administrator/);
  assert.match(await refusal(() => stack.ctl('account', 'rescue', 'nobody', '--reason', 'mất máy')), /no account/);
  const printed = await stack.ctl('account', 'rescue', 'admin2', '--reason', 'Mất điện thoại');
  const oneTime = /once: (\S+)/.exec(printed)[1];
  const old = people.admin2;
  assert.equal(await refusal(() => old.get('/api/v1/session')), 'not_signed_in');
  await enrol('admin2', oneTime);
  const verified = await until('all leaves are in the log', async () => {
    const text = await stack.ctl('ledger', 'verify');
    return / 0 wait/.test(text) && text;
  });
  console.log(verified.value.trim());
  const { stdout } = await run('grep', ['-rhoaE', '"type":"(account.rescued|instrument.(added|ended)|setting.changed)"', join(stack.state, 'ledger')]);
  const seen = new Set(stdout.trim().split('\n'));
  assert.equal(seen.size, 4, `leaves of all four kinds: ${[...seen]}`);
});

test('every answer was as the contract says', () => assert.deepEqual(faults(), []));
