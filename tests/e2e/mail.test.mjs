// Mail to officers through a real SMTP server: who is asked for a second signature and who is told of proposed lifts, that
// links lead to where one signs or decides, and that neither a server that is away nor a kill of khiend loses it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Officer, openBrowser, say } from './browser.mjs';
import { Client, draftFromReport } from './client.mjs';
import { faults, note } from './contract.mjs';
import { Stack, until } from './stack.mjs';

const password = 'khien-demo-2026';
const from = 'khien@tinh.example';
const stack = new Stack();
let browser;
let analyst;
Client.watch = note;

before(async () => {
  await stack.choosePorts();
  stack.khiendExtra = ['--smtp', `smtp://127.0.0.1:${stack.ports.mail}`, '--smtp-from', from];
  await stack.startMail();
  await stack.start({ resolvers: [] });
  browser = await openBrowser();
  analyst = await (await signIn('lan')).addPasskey();
});
after(async () => {
  await browser?.close();
  await stack.stop();
});

const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
const health = async () => (await fetch(`${stack.url}/healthz`)).json();

/** Every mail that the server took, decoded. */
function mails() {
  const folder = join(stack.mailbox, 'new');
  return readdirSync(folder).map((file) => {
    const [head, body] = readFileSync(join(folder, file), 'utf8').split(/\r?\n\r?\n/, 2);
    const unfolded = head.replaceAll(/\r?\n[ \t]+/g, ' ');
    const header = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(unfolded)?.[1] ?? '';
    const words = [...header('Subject').matchAll(/=\?UTF-8\?B\?([^?]*)\?=/g)];
    return {
      to: header('X-RcptTo'),
      from: header('X-MailFrom'),
      subject: Buffer.concat(words.map(([, word]) => Buffer.from(word, 'base64'))).toString(),
      text: Buffer.from(body, 'base64').toString().replaceAll('\r\n', '\n'),
    };
  });
}
const about = (order) => mails().filter(({ text }) => text.includes(order.id));
/** The mails about an order, when as many as wanted have come. */
async function arrived(order, count) {
  const { ms } = await until(`${count} mails about ${order.number}`, () => about(order).length >= count);
  console.log(`${count} mails after ${ms} ms`);
  return about(order);
}
async function proposed(host) {
  const { order } = await draftFromReport(stack, analyst, host);
  await analyst.sign(order, 'propose');
  return order;
}

test('khienctl sends a test mail, and says what is wrong where it cannot', async () => {
  const to = ['mail', 'test', 'operator@tinh.example', '--smtp-from', from, '--smtp'];
  assert.match(await stack.ctl(...to, `smtp://127.0.0.1:${stack.ports.mail}`), /took a mail to operator@tinh\.example/);
  await until('the test mail', () => mails().some((mail) => mail.to === 'operator@tinh.example'));
  const wrong = async (...args) => (await stack.ctl(...args).catch((error) => error)).stderr;
  assert.match(await wrong(...to, `smtp://127.0.0.1:${stack.ports.bind}`), /Couldn't connect.*Check host, port and firewall/);
  assert.match(await wrong(...to, 'smtp://mail.example:25'), /without encryption is for a server on this machine/);
  assert.match(await wrong('mail', 'test', 'no address', '--smtp', `smtp://127.0.0.1:${stack.ports.mail}`), /not a mail address/);
});

test('a proposal tells those who may sign it, and its link leads to the signature', async () => {
  const order = await proposed('ngan-hang-uu-dai.example');
  const got = await arrived(order, 2);
  assert.deepEqual(got.map(({ to }) => to).sort(), ['hoa@khien.example', 'minh@khien.example'], 'the signers, never the proposer');
  const mail = got.find(({ to }) => to.startsWith('hoa@'));
  const { number } = await analyst.get(`/api/v1/orders/${order.id}`);
  assert.equal(mail.subject, `Khiên: lệnh ${number} chờ chữ ký của bạn`);
  assert.equal(mail.from, from);
  assert.match(mail.text, /ngan-hang-uu-dai\[\.\]example/);
  for (const secret of ['Trần Thị Lan', 'Lê Thị Hoa', 'Giả mạo ngân hàng để lấy mật khẩu', '.png']) {
    assert.ok(!mail.text.includes(secret), `no "${secret}" in a mail`);
  }

  const link = /^http\S+$/m.exec(mail.text)[0];
  const leader = await Officer.signIn(browser, stack, 'hoa', password);
  await leader.page.goto(link);
  await leader.button('app.sign.title.approve').click();
  await leader.sign({ passkey: false });
  await leader.page.getByText(say('app.in-force'), { exact: true }).first().waitFor();
  await leader.picture('mail-signed');
  assert.deepEqual(leader.problems, []);
  await leader.close();
});

test('a mail server that is away refuses no proposal, and a kill of khiend loses no mail', async () => {
  await stack.end('mail');
  const order = await proposed('trung-thuong-xe-may.example');
  const { value } = await until('khiend says that mail fails', async () => {
    const now = await health();
    return now.checks.mail.includes("Couldn't connect") && now;
  });
  assert.equal(value.status, 'degraded');
  const admin = await signIn('quang');
  const state = await admin.get('/api/v1/mail');
  assert.ok(state.set_up && state.waiting === 2 && state.undelivered === 0, JSON.stringify(state));

  await stack.end('khiend', 'SIGKILL');
  await stack.startMail();
  await stack.startKhiend();
  await arrived(order, 2);
  await until('mail is well again', async () => (await health()).checks.mail === 'ok');
  assert.equal(about(order).length, 2, 'one each');
});

test('an order that is decided before the mail goes is not mailed', async () => {
  await stack.end('mail');
  const order = await proposed('viec-nhe-luong-cao.example');
  await until('a try has failed', async () => (await health()).checks.mail !== 'ok');
  await (await signIn('minh')).sign(order, 'approve');
  await stack.startMail();
  const admin = await signIn('yen');
  await until('nothing waits', async () => (await admin.get('/api/v1/mail')).waiting === 0, { limitMs: 60_000 });
  assert.deepEqual(about(order), []);
});

/** As if it were eight in the morning; khiend's mail thread looks every two seconds. */
const morning = () => sql("UPDATE job SET due_at_ms = 1 WHERE kind = 'order.lift_proposals'");
const sql = (text) => execFileSync('sqlite3', [join(stack.state, 'khien.db'), `PRAGMA busy_timeout = 5000; ${text}`]).toString();

test('proposed lifts are told of in the morning, once, with a link to where one decides', async () => {
  const order = await proposed('qua-tet-mien-phi.example');
  await (await signIn('minh')).sign(order, 'approve');
  const admin = await signIn('yen');
  const allSent = () =>
    until('nothing waits', async () => (await admin.get('/api/v1/mail')).waiting === 0, { limitMs: 60_000 });
  await allSent();
  const before = about(order).length;
  const now = Date.now();
  sql(`INSERT INTO lift_proposal (order_id, finding, looks, since_ms, server, state, proposed_at_ms, lapses_at_ms)
    VALUES ('${order.id}', 'content_gone', 4, ${now - 8 * 86_400_000}, '', 'open', ${now}, ${now + 14 * 86_400_000})`);
  morning();
  await until('the morning mail', () => mails().some(({ text }) => text.includes('/app/orders/proposals')));
  await allSent();
  const got = mails().filter(({ text }) => text.includes('/app/orders/proposals'));
  const to = got.map((mail) => mail.to).sort();
  assert.ok(to.includes('hoa@khien.example') && to.includes('minh@khien.example'), to.join());
  assert.equal(new Set(to).size, to.length, 'one each');
  assert.ok(!to.includes('lan@khien.example'), 'who may not lift is not told');
  assert.equal(about(order).length, before + got.length);
  const mail = got.find((one) => one.to === 'hoa@khien.example');
  assert.match(mail.text, /qua-tet-mien-phi\[\.\]example/);
  assert.ok(mail.text.includes(say('finding.content_gone')) && mail.text.includes(order.id), mail.text);

  const planned = sql("SELECT payload FROM job WHERE kind = 'order.lift_proposals'");
  morning();
  await until('the next is planned', () => sql("SELECT payload FROM job WHERE kind = 'order.lift_proposals'") !== planned);
  assert.equal(mails().filter(({ text }) => text.includes('/app/orders/proposals')).length, got.length, 'nothing is new');

  const leader = await Officer.signIn(browser, stack, 'hoa', password);
  await leader.page.goto(/^http\S+proposals$/m.exec(mail.text)[0]);
  await leader.page.getByText(say('finding.content_gone'), { exact: true }).first().waitFor();
  await leader.picture('mail-proposals');
  assert.deepEqual(leader.problems, []);
  await leader.close();
});

test('the log and the ledger hold no address', async () => {
  assert.ok(!stack.log('khiend').includes('@'), 'no address in the log');
  await stack.ctl('ledger', 'verify');
});

test('without --smtp nothing is queued, and administrators are told', async () => {
  await stack.end('khiend');
  stack.khiendExtra = [];
  await stack.startKhiend();
  const before = mails().length;
  await proposed('qua-tang-tri-an.example');
  assert.match((await health()).checks.mail, /not set up/);
  assert.match(await stack.ctl('mail', 'list'), /order\.second_signature\s+0 waiting\s+0 given up/);
  assert.equal(mails().length, before);
  const administrator = await Officer.signIn(browser, stack, 'yen', password);
  await administrator.page.goto('/app/accounts');
  await administrator.page.getByText(say('app.mail.not-set-up')).waitFor();
  await administrator.picture('mail-not-set-up');
  assert.deepEqual(await administrator.axe(), []);
  await administrator.close();
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
