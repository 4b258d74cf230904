// A third party's list through the real programs: proposed by one person, approved by another on a telephone with the keyboard
// alone, blocked in DNS with its category; then the source goes wrong in every way we know, and DNS must not notice; then one
// person ends it and everything resolves again. khien-dnsd is asked all the while.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { Officer, openBrowser, say } from './browser.mjs';
import { Client, Refused } from './client.mjs';
import { faults, note } from './contract.mjs';
import { DnsClient, DnsLoad } from './dns_client.mjs';
import { everyAddress, root, Stack, until } from './stack.mjs';

const password = 'khien-demo-2026';
const day = 86_400_000;
const listed = Array.from({ length: 30_000 }, (_, i) => `lua-dao-${i}.example`);
const good = readFileSync(join(root, 'data/popularity/majestic-10k.txt'), 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
const stack = new Stack();
Client.watch = note;
let analyst;
let approver;
let duty;
let browser;
let client;
let load;
let feed;

const put = (content, name = 'lua-dao.txt') => writeFileSync(join(stack.state, 'feeds', name), content);
const now = () => analyst.get(`/api/v1/feeds/${feed.id}`);
const draft = (part = {}) => ({
  name: 'Trang lừa đảo', source: 'lua-dao.txt', format: 'domains', category: 'fraud', scope: 'domain', column: '0', entries_max: 40_000,
  change_max_percent: 5, valid_until_ms: Date.now() + 90 * day, reason: 'Nguồn công khai, đã xem giấy phép', ...part,
});

/** Asks for a run and gives it when it has ended. */
async function runOnce() {
  const before = (await now()).last_run?.id;
  await analyst.post(`/api/v1/feeds/${feed.id}/run`, { version: (await now()).version });
  const { value } = await until('the run ends', async () => {
    const { last_run: run } = await now();
    return run !== undefined && run.id !== before && run.state !== 'running' && run;
  });
  return value;
}

/** The refusal of a call that must be refused. */
async function refused(promise) {
  const error = await promise.then(() => undefined, (one) => one);
  assert.ok(error instanceof Refused, `expected a refusal, got ${error}`);
  return error.problem.reason;
}

/** Presses Tab until a button of that name has the focus, as somebody without a mouse does. */
async function tabTo(page, name) {
  for (let i = 0; i < 200; i++) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.textContent?.trim())) === name) return;
  }
  assert.fail(`no button ${name} can be reached with the keyboard`);
}

before(async () => {
  await stack.start({ resolvers: [], everyName: true });
  mkdirSync(join(stack.state, 'feeds'), { recursive: true });
  const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
  [analyst, approver, duty] = await Promise.all(['lan', 'hoa', 'duc'].map(signIn));
  browser = await openBrowser();
  client = new DnsClient(stack.ports.dns);
  // Half of them are names that must always resolve, half are resolved or blocked, and nothing else.
  const names = Array.from({ length: 4_000 }, (_, i) => (i % 2 ? listed[i] : good[(i * 2) % good.length]));
  load = new DnsLoad(stack.ports.dns, names, 200, (name, answer) => {
    if (answer.rcode === 'NOERROR' && answer.addresses[0] === everyAddress) return undefined;
    if (name.endsWith('.example') && answer.rcode === 'NXDOMAIN' && answer.ede?.code === 15) return undefined;
    return `${name} ${answer.rcode} ${answer.ede?.text ?? ''}`;
  });
});
after(async () => {
  await load?.stop();
  client?.close();
  await browser?.close();
  await stack.stop();
});

const isBlocked = async (name) => {
  const answer = await client.ask(name);
  return answer?.rcode === 'NXDOMAIN' && answer.ede?.code === 15 && answer.ede.text.startsWith('category=fraud ');
};
const resolves = async (name) => (await client.ask(name))?.addresses[0] === everyAddress;

test('one person proposes, and can neither approve nor propose it twice', async () => {
  put(listed.join('\n'));
  feed = await analyst.post('/api/v1/feeds', draft());
  assert.equal(feed.scope, 'domain');
  assert.equal(await refused(analyst.post(`/api/v1/feeds/${feed.id}/approve`, { version: feed.version })), 'not_your_role');
  assert.equal(await refused(analyst.post('/api/v1/feeds', draft())), 'feed_exists');
  assert.equal(await refused(analyst.post('/api/v1/feeds', draft({ source: '../khien.db' }))), 'feed_source');
  assert.equal(await refused(analyst.post('/api/v1/feeds', draft({ source: 'b.txt', scope: 'world' }))), 'bad_scope');
  assert.equal(await refused(analyst.post('/api/v1/feeds', draft({ source: 'b.txt', category: 'typo' }))), 'no_category');
  assert.ok(await resolves(listed[0]), 'a proposal blocks nothing');
});

test('another approves it on a telephone with the keyboard alone, and it is blocked with all below', async () => {
  const officer = await Officer.signIn(browser, stack, 'hoa', password, { phone: true });
  const { page } = officer;
  await page.goto('/app/feeds');
  await page.getByText(feed.reason).waitFor();
  await officer.picture('feeds-1-proposed');
  assert.deepEqual(await officer.axe(), []);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `the page is ${wide} pixels wider than a telephone`);
  await tabTo(page, say('app.feed.approve'));
  const begin = performance.now();
  await page.keyboard.press('Enter');
  await until('the list is blocked', async () => (await isBlocked(listed[0])) && (await isBlocked(`www.${listed.at(-1)}`)));
  console.log(`30,000 names blocked ${Math.round(performance.now() - begin)} ms after the key`);
  await page.getByText(say('run.applied')).waitFor();
  await officer.picture('feeds-2-in-force');
  assert.deepEqual(officer.problems, []);
  await officer.close();
});

test('whatever the source gives instead, the last good list stays in force', async () => {
  const wrong = {
    empty_list: '',
    not_a_list: '<!DOCTYPE html>\n<html><head><title>503</title></head>\n<body><h1>Maintenance</h1>\n<p>Please come back later</p></body></html>\n',
    entries_max: Array.from({ length: 40_001 }, (_, i) => `khac-${i}.example`).join('\n'),
  };
  for (const [reason, content] of Object.entries(wrong)) {
    put(content);
    const run = await runOnce();
    assert.equal(run.state, 'failed');
    assert.equal(run.problem.reason, reason);
  }
  put(gzipSync(listed.join('\n')));
  assert.equal((await runOnce()).problem.reason, 'not_a_list');
  assert.equal((await now()).state, 'active');
  assert.ok(await isBlocked(listed[0]));
});

test('a file of 8,000 good names stops the feed, and a person is told what to do', async () => {
  put(good.slice(0, 8_000).join('\n'));
  const run = await runOnce();
  assert.equal(run.state, 'stopped');
  assert.equal(run.problem.reason, 'good_names');
  assert.equal(run.counts.read, 8_000);
  assert.ok(await isBlocked(listed[0]));
  for (const name of ['google.com', 'facebook.com', 'wikipedia.org']) assert.ok(await resolves(name), name);
  const officer = await Officer.signIn(browser, stack, 'hoa', password, { phone: true });
  await officer.page.goto('/app/feeds');
  await officer.page.getByText(say('reason.good_names')).waitFor();
  await officer.picture('feeds-3-stopped');
  assert.deepEqual(await officer.axe(), []);
  await officer.close();
});

test('a source in our own network is not connected to', async () => {
  const inside = await analyst.post('/api/v1/feeds', draft({ source: `https://127.0.0.1:${stack.ports.web}/x`, name: 'Nội bộ' }));
  await approver.post(`/api/v1/feeds/${inside.id}/approve`, { version: inside.version });
  const { value } = await until('it is refused', async () => (await analyst.get(`/api/v1/feeds/${inside.id}`)).last_run?.problem);
  assert.equal(value.reason, 'address_not_public');
});

test('one person ends it, and everything resolves again', async () => {
  const officer = await Officer.signIn(browser, stack, 'duc', password, { phone: true });
  const { page } = officer;
  await page.goto('/app/feeds');
  const card = page.locator('section').filter({ hasText: 'lua-dao.txt' });
  await card.getByRole('button', { name: say('app.feed.end'), exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(say('app.feed.end.explained', 'vi', { name: feed.name })).waitFor();
  await page.keyboard.type('Nguồn không còn đáng tin');
  await officer.picture('feeds-4-end');
  const begin = performance.now();
  await tabTo(page, say('app.feed.end'));
  await page.keyboard.press('Enter');
  await until('all resolve again', async () => (await resolves(listed[0])) && (await resolves(listed.at(-1))));
  console.log(`30,000 names lifted ${Math.round(performance.now() - begin)} ms after the key`);
  await officer.close();
  assert.equal((await now()).state, 'lapsed');
  assert.equal(await refused(duty.post(`/api/v1/feeds/${feed.id}/suspend`, { version: (await now()).version, reason: 'nữa' })), 'wrong_state');
  assert.match(await stack.ctl('feed', 'runs', feed.id), /stopped .*8000 read/);
});

test('meanwhile no query was lost or answered wrongly', async () => {
  await load.stop();
  console.log(`${load.client.asked} queries, slowest ${Math.round(load.client.slowestMs)} ms`);
  assert.deepEqual([...load.wrong], []);
  assert.equal(load.client.lost, 0);
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
