// An order on a web page on its whole way, against a real khiend and a real Squid with `khienctl helper squid`: two signatures, the signed list
// over HTTPS, the page and what is below it refused and its neighbours not, the lift. Every answer of the API is held against api/openapi.yaml.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { Client, draftFromReport, refusal } from './client.mjs';
import { faults, note } from './contract.mjs';
import { freePort, root, Stack, until } from './stack.mjs';

const password = 'khien-demo-2026';
const host = 'trang-ca-nhan.example';
const page = `${host}/dang-nhap`;
const khienctl = join(root, process.env.KHIEN_BIN ?? 'build/release/bin', 'khienctl');
const minuteMs = 60_000; // between two looks of the helper at khiend; and some seconds more
const politely = { everyMs: 1_000 }; // one network is given lists thirty times a minute
const stack = new Stack();
Client.watch = note;
let analyst;
let approver;
let order;
let squidPort;
const servers = [];
let squid;

const signIn = async (login) => (await new Client(stack.url, (user) => stack.code(user)).signIn(login, password)).addPasskey();
const draft = (name, more = {}) => async () => (await draftFromReport(stack, analyst, host, { name, scope: 'url', ...more })).order;
const listed = async (list) => {
  const text = await new Client(stack.url).get(`/lists/${list}.urls`);
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
};

const listen = (server) => {
  servers.push(server);
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
};

/** Every site behind the proxy. */
const startOrigin = () => listen(createServer((_, answer) => answer.end('the origin answers')));

/** khiend behind a proxy that ends TLS, as an installation has it. */
async function startTls(folder) {
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const port = await listen(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (asked, answer) => {
    const { host: _, ...headers } = asked.headers;
    const onward = request(stack.url + asked.url, { method: asked.method, headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  }));
  return { port, cert };
}

/** With the lines of docs/publish/lists.md, but for paths, times, and lists of web addresses. */
async function startSquid() {
  const folder = join(stack.folder, 'squid');
  mkdirSync(join(folder, 'lists'), { recursive: true });
  const [origin, tls] = await Promise.all([startOrigin(), startTls(folder)]);
  const key = (await stack.ctl('list', 'key')).trim().split('\n').at(-1);
  const guide = readFileSync(join(root, 'docs/publish/lists.md'), 'utf8');
  const base = `https://localhost:${tls.port}/lists`;
  const block = /^external_acl_type khien .*?^http_access deny khien\n/ms.exec(guide)[0]
    .replace('/usr/bin/khienctl', khienctl)
    .replace('/etc/khien/khien.pub', key)
    .replace('--list /var/lib/khien-lists/orders.domains',
      `--urls ${base}/urls.urls --urls ${base}/urls-emergency.urls --folder ${folder}/lists --ca ${tls.cert} --every 1`)
    .replace('ttl=30 negative_ttl=30', 'ttl=0 negative_ttl=0');
  cpSync('/usr/share/squid/errors/templates', join(folder, 'pages'), { recursive: true, dereference: true });
  cpSync(join(root, 'packaging/squid/ERR_KHIEN'), join(folder, 'pages/ERR_KHIEN'));
  squidPort = await freePort();
  writeFileSync(join(folder, 'squid.conf'), `http_port 127.0.0.1:${squidPort}
pid_filename none
cache deny all
shutdown_lifetime 0 seconds
cache_log ${folder}/cache.log
access_log none
error_directory ${folder}/pages
coredump_dir ${folder}
visible_hostname proxy.example
pinger_enable off
cache_peer 127.0.0.1 parent ${origin} 0 no-query no-digest originserver name=origin
cache_peer_access origin allow all
never_direct allow all
netdb_filename none
${block}http_access allow all
`);
  // Squid gives root up, and so does the helper that it starts.
  for (const path of [stack.folder, folder, join(folder, 'lists')]) chmodSync(path, 0o777);
  chmodSync(tls.cert, 0o644);
  squid = spawn('/usr/sbin/squid', ['-N', '-f', join(folder, 'squid.conf')], { stdio: 'ignore', cwd: resolve(folder) });
  await until('Squid passes what is not listed', async () => (await through(`http://${page}`)).passed);
}

/** What a browser behind the proxy gets. */
function through(url) {
  return new Promise((done, failed) => {
    const asked = request({ host: '127.0.0.1', port: squidPort, path: url, headers: { host: new URL(url).host }, agent: false }, (got) => {
      let text = '';
      got.on('data', (piece) => (text += piece));
      got.on('end', () => done({ status: got.statusCode, text, passed: text.includes('the origin answers') }));
    });
    asked.on('error', failed);
    asked.end();
  });
}

before(async () => {
  await stack.start({ resolvers: [] });
  [analyst, approver] = await Promise.all(['lan', 'hoa'].map(signIn));
  await startSquid();
});
after(async () => {
  squid?.kill('SIGTERM');
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await stack.stop();
});

test('what is no page of an offender is refused, in words that say what to do', async () => {
  assert.equal(await refusal(draft(`https://${host}/`)), '400 whole_site');
  assert.equal(await refusal(draft(`${host}/${'a'.repeat(500)}`)), '400 page_too_long');
  assert.equal(await refusal(draft('no address')), '400 bad_url');
  assert.equal(await refusal(draft('https://www.google.com/search?q=ngan+hang')), '409 everybodys_path');
  assert.equal(await refusal(draft('https://baomoi.com/tin/mot-bai-viet')), '409 never_block');
  assert.equal(await refusal(draft('http://127.0.0.1/trang')), '409 special_address');
});

test('it names one page, without query, and says what nobody can know', async () => {
  order = await draft(`https://${host}/dang-nhap/?token=bi-mat`)();
  assert.equal(order.name, page);
  assert.equal(order.scope, 'url');
  assert.equal(order.signatures_needed, 2);
  assert.deepEqual(order.impact.covers, [page, `${page}/*`]);
  const rules = order.impact.findings.map(({ rule }) => rule);
  for (const rule of ['page_and_below', 'pages_unknown', 'proxies_only', 'narrower_measure']) assert.ok(rules.includes(rule), rule);
  assert.ok(!JSON.stringify(order).includes('bi-mat'));
});

test('with one signature nothing is blocked, with two the proxy refuses that page and those below', async () => {
  await analyst.sign(order, 'propose');
  assert.equal(await refusal(() => analyst.sign(order, 'approve')), '403 not_your_role');
  assert.deepEqual(await listed('urls'), []);
  assert.ok((await through(`http://${page}`)).passed);
  const approved = await approver.sign(order, 'approve');
  assert.equal(approved.in_force, true);
  await until('the list', async () => (await listed('urls')).includes(page), politely);
  assert.deepEqual(await listed('urls-phishing'), [page]);
  assert.deepEqual(await listed('urls-emergency'), []);
  await until('published', async () => (await analyst.get(`/api/v1/orders/${order.id}`)).state === 'published');
  await until('Squid refuses the page', async () => !(await through(`http://${page}`)).passed, { limitMs: minuteMs + 30_000, everyMs: 500 });
  const refused = await through(`http://${page}/buoc-2?x=1`);
  assert.equal(refused.status, 403);
  assert.match(refused.text, /Trang này bị chặn/);
  assert.match(refused.text, /urls, http:\/\/localhost:\d+\/object/);
  for (const other of ['', '/', '/dang-nhap-khac', '/khac/dang-nhap', '/DANG-NHAP']) {
    assert.ok((await through(`http://${host}${other}`)).passed, other);
  }
  assert.ok((await through('http://khac.example/dang-nhap')).passed);
});

test('no resolver is told, and nobody waits for one', async () => {
  const now = await analyst.get(`/api/v1/orders/${order.id}`);
  assert.deepEqual(now.enforcement, []);
  assert.ok(!now.deadlines.some(({ kind }) => kind === 'enforce'));
  const citizen = new Client(stack.url);
  assert.equal((await citizen.get(`/api/v1/lookup?name=${host}`)).verdict, 'none', 'the rest of the site is not blocked');
});

test('the register knows it by any page that it covers, and so does who objects', async () => {
  const citizen = new Client(stack.url);
  const entry = await citizen.get(`/api/v1/register/${order.id}`);
  assert.equal(entry.scope, 'url');
  assert.equal(entry.name, page);
  const found = await citizen.get(`/api/v1/lookup?name=${encodeURIComponent(`https://${page}/buoc-2?x=1`)}`);
  assert.equal(found.verdict, 'blocked');
  assert.deepEqual(found.entries.map(({ scope, name }) => `${scope} ${name}`), [`url ${page}`]);
  const shown = await (await fetch(`${stack.url}/register/${order.number}`)).text();
  assert.ok(shown.includes(page));
  assert.ok(!shown.includes(`href="http://${host}`) && !shown.includes(`href="https://${host}`), 'shown, and no link');
  const appeal = await citizen.post('/api/v1/appeals', { order: `https://${page}?x=1`, text: 'Đây là trang của tôi', language: 'vi' });
  assert.ok(appeal.code);
  const agreement = await until('register, ledger and sets agree', async () => {
    const state = await citizen.get('/api/v1/agreement');
    return state.orders > 0 && state;
  }, { limitMs: 2 * minuteMs, everyMs: 1_000 });
  assert.equal(agreement.value.difference_count, 0);
});

test('one officer lifts it, and the proxy lets the page through', async () => {
  const duty = await signIn('duc');
  await duty.move(order, 'lift', { reason: 'chủ trang đã gỡ' });
  await until('the lift', async () => (await listed('urls')).length === 0, politely);
  await until('lift_published', async () => (await analyst.get(`/api/v1/orders/${order.id}`)).state === 'lift_published');
  await until('Squid passes the page', async () => (await through(`http://${page}`)).passed, { limitMs: minuteMs + 30_000, everyMs: 500 });
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
