// Proof that a block took effect, and that a lift did: real resolvers as providers (one that enforces, one that does not, one
// that blocks too much, one with an old zone, one that is dead), real probes that sign, a real khiend that judges.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Officer, openBrowser } from './browser.mjs';
import { Client, draftFromReport, refusal } from './client.mjs';
import { faults, note } from './contract.mjs';
import { Stack, dig, freePort, root, until } from './stack.mjs';

const run = promisify(execFile);
const bin = join(root, process.env.KHIEN_BIN ?? 'build/release/bin');
const host = 'dang-nhap.ngan-hang.example';
const password = 'khien-demo-2026';
const decision = ['--decision', 'QĐ 12'];
const stack = new Stack();
Client.watch = note;
const others = [];
const ports = {};
let order;
let analyst;
let leader;
let duty;
let browser;

/** A resolver beside the stack's own; ends with the test, by its id. */
async function resolver(name, program, args, ready) {
  const child = spawn(program, args, { stdio: 'ignore', cwd: stack.folder });
  others.push(child);
  await until(`${name} answers`, ready);
}

/** An Unbound that knows nothing of our zones and blocks by `lines`. */
async function unbound(name, lines) {
  ports[name] = await freePort();
  const folder = join(stack.folder, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'unbound.conf'), `server:
  interface: 127.0.0.1@${ports[name]}
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: "${folder}/pid"
  use-syslog: no
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "example." nodefault
${lines}
  trust-anchor-signaling: no
  num-threads: 1
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@${stack.ports.every}
`);
  await resolver(name, '/usr/sbin/unbound', ['-d', '-c', join(folder, 'unbound.conf')], async () =>
    (await dig(ports[name], 'tot.example')).rcode === 'NOERROR');
}

/** A BIND whose copy of the zone is from before every order: it was transferred once, and never again. */
async function oldBind() {
  ports.cu = await freePort();
  const folder = join(stack.folder, 'cu');
  mkdirSync(folder);
  writeFileSync(join(folder, 'zone'), `$TTL 60
@ SOA localhost. root.localhost. 1 3600 600 86400 60
@ NS localhost.
`);
  writeFileSync(join(folder, 'named.conf'), `options {
  directory "${folder}";
  pid-file "${folder}/pid";
  session-keyfile "${folder}/session.key";
  listen-on port ${ports.cu} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion yes; allow-recursion { 127.0.0.1; }; empty-zones-enable no; dnssec-validation no;
  forward only; forwarders { 127.0.0.1 port ${stack.ports.every}; };
  response-policy { zone "orders-phishing.rpz.khien"; };
};
controls { };
zone "orders-phishing.rpz.khien" { type primary; file "zone"; allow-query { 127.0.0.1; }; };
`);
  await resolver('cu', '/usr/sbin/named', ['-g', '-n', '1', '-c', join(folder, 'named.conf')], async () =>
    (await dig(ports.cu, 'tot.example')).rcode === 'NOERROR');
}

const probe = (name, ...args) => run(join(bin, 'khien-probe'), ['--folder', join(stack.folder, `may-${name}`), ...args]);

/** A provider with one resolver, and a probe on its line. */
async function enter(name, port, ...more) {
  await stack.ctl('provider', 'add', name, '--title', `Nhà mạng ${name}`, '--resolver', `127.0.0.1:${port}`, ...more, ...decision);
  const { stdout } = await probe(name, 'enrol', stack.url);
  const key = /^[\w-]{43}$/m.exec(stdout)[0];
  assert.match(await stack.ctl('probe', 'add', `may-${name}`, '--provider', name, '--key', key, ...decision), /may report now/);
}

const names = ['chan', 'mo', 'rong', 'cu', 'chet'];
const rounds = () => Promise.all(names.map((name) => probe(name, 'run', '--once')));
async function verdicts() {
  const { items } = await leader.get(`/api/v1/orders/${order.id}/providers`);
  return Object.fromEntries(items.map(({ provider, expected, verdict }) => [`${provider.split(' ').at(-1)} ${expected}`, verdict]));
}

before(async () => {
  await stack.choosePorts();
  await stack.begin('khien');
  stack.khiendExtra = ['--probe-canary', 'tot.example', '--probe-canary', 'cung-tot.example'];
  await stack.startEveryName();
  await stack.startKhiend();
  await stack.startDnsd();
  await unbound('mo', '');
  await unbound('rong', '  local-zone: "ngan-hang.example." always_nxdomain');
  await oldBind();
  const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
  analyst = await (await signIn('lan')).addPasskey();
  leader = await (await signIn('hoa')).addPasskey();
  duty = await signIn('son');
  order = (await draftFromReport(stack, analyst, host, { scope: 'host' })).order;
  await analyst.sign(order, 'propose');
  await leader.sign(order, 'approve');
  await until('khien-dnsd blocks', async () => (await dig(stack.ports.dns, host)).rcode === 'NXDOMAIN');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  for (const child of others) child.kill();
  await stack.stop();
});

test('the operator enters providers and probes; keys stay where they were made', async () => {
  // The control: a resolver of ours. It is no provider's line, so it is entered without a probe.
  await stack.ctl('provider', 'add', 'tinh', '--title', 'Khiên', '--kind', 'own', '--resolver', `127.0.0.1:${stack.ports.dns}`, ...decision);
  await enter('chan', stack.ports.dns, '--contact', 'noc@chan.example');
  await enter('mo', ports.mo);
  await enter('rong', ports.rong);
  await enter('cu', ports.cu);
  await enter('chet', await freePort());
  assert.match(await stack.ctl('probe', 'list'), /^may-mo\s+in use .*not heard yet/m);
  assert.match(await stack.ctl('provider', 'list'), /^chan\s+isp .*contact entered/m);
  await assert.rejects(stack.ctl('probe', 'add', 'may-x', '--provider', 'mo', '--key', 'x', ...decision), /no public key/);
});

test('check asks, prints and sends nothing', async () => {
  const { stdout } = await probe('mo', 'check');
  assert.match(stdout, /resolver 127\.0\.0\.1:\d+: good/);
  assert.match(stdout, new RegExp(`${host}\\s+blocked\\s+not_enforced`));
  assert.deepEqual(await verdicts(), {});
});

test('each provider gets the verdict that it earned', async () => {
  await rounds();
  assert.deepEqual(await verdicts(), {
    'chan blocked': 'enforced',
    'mo blocked': 'not_enforced',
    'rong blocked': 'over_enforced',
    'cu blocked': 'stale_serial',
    'chet blocked': 'probe_broken',
  });
  const { items } = await duty.get('/api/v1/providers');
  const chan = items.find(({ name }) => name === 'chan');
  assert.equal(chan.share_enforced, 1);
  assert.equal(chan.block_times.count, 1);
  assert.ok(chan.block_times.p50_s < 3_600, `${chan.block_times.p50_s} s`);
  assert.equal(chan.probes[0].line, 'good');
  assert.equal(items.find(({ name }) => name === 'chet').probes[0].line, 'silent');
  assert.match(await stack.ctl('probe', 'list'), /^may-chet\s+in use .*line silent/m);
});

test('a provider is asked to mend, answers without an account, and is answered', async () => {
  const task = async () => (await duty.get('/api/v1/providers')).items.find(({ name }) => name === 'rong').task;
  const { value: opened } = await until('a task is open', task, { limitMs: 90_000, everyMs: 500 });
  assert.equal(opened.state, 'open');
  assert.equal(opened.items_open, 1);
  const code = /^[0-9A-Z]{4}(-[0-9A-Z]{4})+$/m.exec(await stack.ctl('provider', 'code', 'rong'))[0];
  const form = (path, fields) => fetch(stack.url + path, { method: 'POST', body: new URLSearchParams(fields) });
  assert.equal((await form('/provider', { code: '7KQ2-M4XN-09TD-HV3E-A8R5' })).status, 404);
  for (const language of ['vi', 'en']) {
    const page = await browser.newPage({ baseURL: stack.url, viewport: { width: 320, height: 640 } });
    await page.goto(`/provider?lang=${language}`);
    await page.locator('#code').fill(code);
    await page.locator('main button').click();
    await page.getByText(host).waitFor();
    assert.ok(!page.url().includes(code), 'the code is in no address');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'fits 320 px');
    await page.close();
  }
  assert.equal((await form('/provider/answer', { code, answer: 'disputed', text: '' })).status, 400);
  const answered = await form('/provider/answer', { code, answer: 'disputed', text: 'Tên mẹ vẫn mở theo phép đo của chúng tôi' });
  assert.equal(answered.status, 200);
  const disputed = await task();
  assert.equal(disputed.state, 'disputed');
  const path = `/api/v1/provider-tasks/${disputed.id}/settle`;
  const words = { version: disputed.version, outcome: 'rejected', words: 'Máy dò vẫn thấy tên mẹ bị chặn' };
  assert.equal(await refusal(() => analyst.post(path, words)), '403 not_your_role');
  assert.equal((await duty.post(path, words)).state, 'open');
  assert.match(await (await form('/provider', { code })).text(), /Máy dò vẫn thấy tên mẹ bị chặn/);
});

test('officers see it, in Vietnamese on a desk and in English on a telephone', async () => {
  for (const options of [{}, { phone: true, language: 'en' }]) {
    const officer = await Officer.signIn(browser, stack, 'son', password, options);
    await officer.page.goto('/app/providers');
    await officer.page.getByRole('link', { name: 'Nhà mạng rong' }).waitFor();
    assert.deepEqual(await officer.axe(), []);
    await officer.page.getByRole('link', { name: 'Nhà mạng rong' }).click();
    await officer.page.getByRole('heading', { level: 1, name: 'Nhà mạng rong' }).waitFor();
    await officer.page.getByText(officer.say('provider-verdict.over_enforced')).first().waitFor();
    await officer.page.getByText(officer.say('app.provider.proof-kept')).waitFor();
    assert.deepEqual(await officer.axe(), []);
    assert.deepEqual(officer.problems, []);
    await officer.close();
  }
});

test('a lift is proven where it took effect, and pending where it did not', async () => {
  await duty.move(order, 'lift', { reason: 'Đã gỡ trang' });
  await until('khien-dnsd lifts', async () => (await dig(stack.ports.dns, host)).rcode === 'NOERROR');
  await until('it is published', async () => (await leader.get(`/api/v1/orders/${order.id}`)).state.startsWith('lift_'));
  await rounds();
  const now = await verdicts();
  assert.equal(now['chan resolving'], 'lifted');
  assert.equal(now['mo resolving'], 'lifted');
  assert.equal(now['rong resolving'], 'lift_pending');
  assert.equal(now['chet resolving'], 'probe_broken');
  const { items } = await duty.get('/api/v1/providers');
  assert.equal(items.find(({ name }) => name === 'rong').lifts_pending, 1);
  assert.equal(items.find(({ name }) => name === 'chan').lift_times.count, 1);
});

test('a probe runs by itself and ends when it is told to', async () => {
  const child = spawn(join(bin, 'khien-probe'), ['--folder', join(stack.folder, 'may-chan'), 'run'], { stdio: 'ignore' });
  others.push(child);
  const before = (await stack.ctl('probe', 'list')).match(/^may-chan.*$/m)[0];
  assert.match(before, /line good/);
  await until('another statement is kept', async () =>
    Number(/khien_probe_statements_total\{result="kept"\} (\d+)/.exec(await (await fetch(`http://127.0.0.1:${stack.ports.web}/metrics`)).text())?.[1]) >= 11);
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});

test('a key that is revoked opens nothing', async () => {
  await stack.ctl('probe', 'revoke', 'may-mo', ...decision);
  await assert.rejects(probe('mo', 'run', '--once'), /401/);
  await stack.ctl('provider', 'end', 'rong', ...decision);
  await assert.rejects(probe('rong', 'run', '--once'), /401/);
  assert.match(await stack.ctl('ledger', 'verify'), /The log holds/);
});

test('every answer was as the contract says', () => assert.deepEqual(faults(), []));
