// How often an order is applied, from a resolver's report to the officer's page: the operator makes a key, a program reports as
// docs/formats/resolver-report.md says, officers see sums. What tells too much or comes from nobody known is refused.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Officer, openBrowser } from './browser.mjs';
import { Client, draftFromReport } from './client.mjs';
import { faults, note } from './contract.mjs';
import { Stack, dig, until } from './stack.mjs';

const host = 'ngan-hang-uu-dai.example';
const seen = 'xn--ngn-hng-khn-cp-kgb2a9460k7ba.example';
const asking = 'trung-thuong-xe-may.example';
const password = 'khien-demo-2026';
const hour = 3_600_000;
const stack = new Stack();
Client.watch = note;
let key;
let order;
let analyst;
let leader;
let browser;

const second = (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const report = (part = {}) => ({
  version: 1,
  id: randomBytes(16).toString('hex'),
  from: second(Date.now() - hour),
  to: second(Date.now()),
  rules: [],
  rules_left_out: 0,
  new_names: [],
  new_names_dropped: 0,
  ...part,
});
/** "204", or the status with the reason of a refusal. */
async function send(body, bearer = key) {
  const path = '/api/v1/resolver-reports';
  const response = await fetch(stack.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const value = text === '' ? text : JSON.parse(text);
  note('POST', path, response.status, response.headers.get('content-type') ?? '', value);
  return [response.status, value.reason].filter(Boolean).join(' ');
}
const newKey = async (name) => /^khr_\S+$/m.exec(await stack.ctl('resolver', 'add', name, '--decision', 'QĐ 12'))[0];

before(async () => {
  await stack.choosePorts();
  await stack.begin('khien');
  await stack.startAuthority();
  await stack.startKhiend();
  const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
  analyst = await (await signIn('lan')).addPasskey();
  leader = await (await signIn('hoa')).addPasskey();
  order = (await draftFromReport(stack, analyst, host)).order;
  await analyst.sign(order, 'propose');
  await leader.sign(order, 'approve');
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack.stop();
});

test('the operator makes a key, which is in the public log as an act and in no name', async () => {
  key = await newKey('dns-tinh');
  assert.match(await stack.ctl('resolver', 'list'), /^dns-tinh\s+in use .*no report within a week$/m);
  assert.match(await stack.ctl('resolver', 'list'), /^khien-dnsd\s+in use/m, 'the demo has one of its own');
});

test('a report is taken once, and the order shows it', async () => {
  const path = `/api/v1/orders/${order.id}/hits`;
  assert.deepEqual(await leader.get(path).then(({ total, resolvers }) => ({ total, resolvers })), { total: 0, resolvers: 0 });
  const one = report({
    rules: [
      { source: 'orders-phishing', name: host, hits: 120 },
      { source: 'feeds-fraud', name: 'danh-sach.example', hits: 4_000 },
    ],
    new_names: [{ name: seen, networks: 41 }, { name: 'mot-nha.example', networks: 2 }],
  });
  assert.equal(await send(one), '204');
  assert.equal(await send(one), '200');
  assert.equal(await send(report({ rules: [{ source: 'orders-phishing', name: host, hits: 10 }] })), '204');
  const hits = await leader.get(path);
  assert.equal(hits.total, 130);
  assert.equal(hits.days.length, 30);
  assert.equal(hits.days.at(-1).hits, 130);
  assert.equal(hits.resolvers, 1);
  assert.equal(hits.last_hour_ms % hour, 0);
  assert.match(await stack.ctl('resolver', 'list'), /^dns-tinh\s+in use .*last report .*, 2 in a week; untold there 0, not kept here 1$/m);
});

test('officers see it on the order, in Vietnamese on a desk and in English on a telephone', async () => {
  for (const options of [{}, { phone: true, language: 'en' }]) {
    const officer = await Officer.signIn(browser, stack, 'son', password, options);
    await officer.page.goto(`/app/orders/${order.id}`);
    const part = officer.page.getByRole('region', { name: officer.say('app.hits') });
    await part.getByRole('img').waitFor();
    assert.match(await part.innerText(), /130/);
    assert.equal(await part.getByRole('img').locator('rect').count(), 30);
    await part.getByText(officer.say('app.hits.days')).click();
    await part.getByRole('cell', { name: '130' }).waitFor();
    assert.deepEqual(await officer.axe(), []);
    assert.deepEqual(officer.problems, []);
    await officer.close();
  }
});

test('analysts find names that begin to appear, by a part of them, and none of too few networks', async () => {
  const officer = await Officer.signIn(browser, stack, 'lan', password);
  await officer.page.getByRole('link', { name: officer.say('app.nav.new-names') }).click();
  const table = officer.page.getByRole('table', { name: officer.say('app.nav.new-names') });
  await table.getByText('ngân-hàng-khẩn-cấp.example').waitFor();
  assert.equal(await table.getByText('mot-nha.example').count(), 0);
  await officer.page.getByRole('searchbox').fill('khong-co');
  await officer.page.getByText(officer.say('app.new-names.none')).waitFor();
  await officer.page.getByRole('searchbox').fill('ngân-hàng-khẩn-cấp.example');
  await table.getByText(seen).waitFor();
  assert.deepEqual(await officer.axe(), []);
  await officer.page.getByRole('link', { name: officer.say('app.new-names.find') }).click();
  await officer.page.waitForURL(/\/app\/cases\?q=/);
  assert.deepEqual(officer.problems, []);
  await officer.close();
});

test('what tells too much, comes too late or from nobody known is refused', async () => {
  const rule = (part) => report({ rules: [{ source: 'orders-phishing', name: host, hits: 10, ...part }] });
  assert.equal(await send(rule({ hits: 9 })), '400 too_few_hits');
  assert.equal(await send(rule({ source: 'network' })), '400 bad_source');
  assert.equal(await send(rule({ name: 'Xau.example' })), '400 bad_name');
  assert.equal(await send({ ...report(), client: '192.0.2.1' }), '400 unknown_field');
  assert.equal(await send(report({ from: second(Date.now()), to: second(Date.now() + hour) })), '400 report_in_the_future');
  assert.equal(await send(report({ from: second(Date.now() - 200 * hour), to: second(Date.now() - 199 * hour) })), '400 report_too_old');
  assert.equal(await send(' '.repeat((1 << 20) + 1)), '413 body_too_large');
  assert.equal(await send(report(), `${key.slice(0, -1)}x`), '401 resolver_key');
  await stack.ctl('resolver', 'revoke', 'dns-tinh', '--decision', 'QĐ 13');
  assert.equal(await send(report()), '401 resolver_key');
  assert.equal((await leader.get(`/api/v1/orders/${order.id}/hits`)).total, 130, 'what it told stays');
});

test('khien-dnsd itself tells of the same order and of a new name, and nothing of who asked', async () => {
  const { dns, status } = stack.ports;
  await stack.startDnsd({
    options: [
      '--report-to', `${stack.url}/api/v1/resolver-reports`, '--report-key', join(stack.state, 'keys/resolver-report.key'),
      '--report-interval', '60', '--new-names-learning', '0',
    ],
  });
  await until('khien-dnsd blocks', async () => (await dig(dns, host)).rcode === 'NXDOMAIN');
  for (let network = 1; network <= 12; network++) {
    assert.equal((await dig(dns, `www.${host}`, 'A', '-b', `127.0.${network}.1`)).rcode, 'NXDOMAIN');
    assert.equal((await dig(dns, asking, 'A', '-b', `127.0.${network}.1`)).rcode, 'NOERROR');
  }
  const { value: hits } = await until('its report is here', async () => {
    const now = await leader.get(`/api/v1/orders/${order.id}/hits`);
    return now.total !== 130 && now;
  }, { limitMs: 150_000, everyMs: 500 });
  assert.ok(hits.total >= 130 + 12, `${hits.total} in all`);
  assert.match(await stack.ctl('resolver', 'list'), /^khien-dnsd\s+in use .*last report /m);
  const names = await analyst.get(`/api/v1/new-names?q=${asking}`);
  assert.deepEqual(names.items.map(({ name }) => name), [asking]);
  assert.ok(Math.abs(names.items[0].networks - 12) <= 2, `an estimate: ${names.items[0].networks}`);
  assert.match(await (await fetch(`http://127.0.0.1:${status}/metrics`)).text(), /^khien_dnsd_reports_total\{outcome="told"\} [1-9]/m);
});

test('the log verifies, names the key by an id and holds nothing that was reported', async () => {
  assert.match(await stack.ctl('ledger', 'verify'), /The log holds/);
  const folder = join(stack.state, 'ledger/tile/entries');
  const read = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && /^\d+$/.test(file.name)) // a file being written may be gone
      .map((file) => readFileSync(join(file.parentPath ?? file.path, file.name), 'utf8'))
      .join('');
  const { value: entries } = await until('the log has the revocation', () => {
    const now = read();
    return now.includes('resolver_key.revoked') && now;
  });
  assert.ok(entries.includes('resolver_key.added'));
  for (const word of ['dns-tinh', seen, 'khr_', 'danh-sach.example']) assert.ok(!entries.includes(word), word);
});

test('every answer was as the contract says', () => assert.deepEqual(faults(), []));
