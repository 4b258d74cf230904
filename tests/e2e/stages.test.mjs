// A list that adds much begins at our own resolvers by itself (ADR 0307): one khien-dnsd tries it, the one beside it does not.
// An officer sees on a telephone who has it and that no partner is there, goes on with the keyboard until everybody has it, and
// ends another one before that.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Officer, openBrowser, say } from './browser.mjs';
import { Client } from './client.mjs';
import { faults, note } from './contract.mjs';
import { dig, everyAddress, freePort, Stack, until } from './stack.mjs';

const password = 'khien-demo-2026';
const stack = new Stack();
Client.watch = note;
let analyst;
let approver;
let browser;
let plain;

const names = (word) => ['mot', 'hai', 'ba'].map((number) => `${word}-${number}.example`);

/** A list in force: one proposes it, another approves it. */
async function list(word) {
  writeFileSync(join(stack.state, 'feeds', `${word}.txt`), names(word).join('\n'));
  const feed = await analyst.post('/api/v1/feeds', {
    name: `Danh sách ${word}`, source: `${word}.txt`, format: 'domains', category: 'fraud', scope: 'host', column: '0', entries_max: 100,
    change_max_percent: 5, valid_until_ms: Date.now() + 30 * 86_400_000, reason: 'Nguồn công khai, đã xem giấy phép',
  });
  await approver.post(`/api/v1/feeds/${feed.id}/approve`, { version: feed.version });
  return feed;
}
const trials = async () => (await approver.get('/api/v1/publication/gate')).items.filter(({ trial }) => trial !== null);
const rcode = async (port, name) => (await dig(port, name)).rcode;
const becomes = (what, port, name, wanted) => until(what, async () => (await rcode(port, name)) === wanted, { limitMs: 90_000, everyMs: 100 });

before(async () => {
  stack.khiendExtra = ['--stage-lists-above', '2'];
  await stack.start({ resolvers: [], everyName: true });
  mkdirSync(join(stack.state, 'feeds'), { recursive: true });
  assert.match(await stack.ctl('zone', 'follower', 'set', 'khien-dnsd', '--ring', 'own'), /trial-own-fraud\.rpz\.khien/);
  await stack.end('khien-dnsd');
  await stack.startDnsd({ options: ['--trial', 'own'] });
  plain = await freePort();
  await stack.startDnsd({ name: 'plain', port: plain, status: await freePort() });
  const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
  [analyst, approver] = await Promise.all(['lan', 'hoa'].map(signIn));
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack.stop();
});

test('what a list adds is blocked by our own resolver alone', async () => {
  await list('thu');
  await becomes('our own blocks it', stack.ports.dns, 'thu-mot.example', 'NXDOMAIN');
  assert.deepEqual((await dig(plain, 'thu-mot.example')).answers, [everyAddress]);
  const { value: [change] } = await until('its follower has it', async () => {
    const all = await trials();
    return all[0]?.trial.followers?.every(({ has_it: has }) => has) && all;
  });
  assert.equal(change.reason, 'large_list');
  assert.deepEqual(change.trial.followers, [{ name: 'khien-dnsd', has_it: true }]);
  assert.match(await stack.ctl('publish', 'held'), /on trial since .*our own resolvers: 3 names[^]*1 of 1 have it/);
});

test('an officer goes on stage by stage on a telephone, with the keyboard', async () => {
  const officer = await Officer.signIn(browser, stack, 'hoa', password, { phone: true });
  const { page } = officer;
  await page.goto('/app/publication');
  const card = page.locator('li.k-item').filter({ has: page.getByRole('button', { name: say('app.publication.trial.advance') }) });
  await card.getByText(say('app.publication.trial.has', 'vi', { count: 1, all: 1 })).waitFor();
  await officer.picture('stages-1-own');
  assert.deepEqual(await officer.axe(), []);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `the page is ${wide} pixels wider than a telephone`);

  const goOn = async () => {
    await card.getByRole('button', { name: say('app.publication.trial.advance') }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await officer.picture('stages-2-sure');
    assert.deepEqual(await officer.axe(), []);
    await page.keyboard.press('Enter'); // the button that goes on has the focus
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  };
  await goOn();
  await card.getByText(say('app.publication.trial.nobody')).waitFor();
  await officer.picture('stages-3-nobody');
  assert.equal(await rcode(plain, 'thu-mot.example'), 'NOERROR');
  assert.equal(await rcode(stack.ports.dns, 'thu-mot.example'), 'NXDOMAIN');
  await goOn();
  await becomes('everybody blocks it', plain, 'thu-mot.example', 'NXDOMAIN');
  await becomes('our own blocks it still', stack.ports.dns, 'thu-mot.example', 'NXDOMAIN');
  assert.deepEqual(await trials(), []);
  assert.deepEqual(officer.problems, []);
  await officer.close();
});

test('a trial that is ended leaves no name behind, here or there', async () => {
  await list('dung');
  await becomes('our own blocks it', stack.ports.dns, 'dung-hai.example', 'NXDOMAIN');
  const [change] = await trials();
  assert.match(await stack.ctl('publish', 'reject', String(change.id), '--reason', 'trang chính đáng'), /Rejected/);
  await becomes('it resolves again', stack.ports.dns, 'dung-hai.example', 'NOERROR');
  assert.equal(await rcode(plain, 'dung-hai.example'), 'NOERROR');
  assert.deepEqual(await trials(), []);
});

test('a follower is given the trial zones of its ring, and moved with a word on its configuration', async () => {
  const add = (ring) =>
    stack.ctl('zone', 'follower', 'add', 'unbound', '--name', 'truong', '--address', '192.0.2.53:53', '--zones', 'orders-fraud', '--ring', ring);
  const zonesOf = (text) => [...text.matchAll(/name: "(.*)\.rpz\.khien\."/g)].map(([, zone]) => zone);
  assert.deepEqual(zonesOf(await add('partner')), ['orders-fraud', 'trial-partner-fraud']);
  assert.deepEqual(zonesOf(await add('own')), ['orders-fraud', 'trial-own-fraud', 'trial-partner-fraud']);
  assert.match(await stack.ctl('zone', 'follower', 'list'), /truong +address +ring own +3 zones/);
  assert.match(await stack.ctl('zone', 'follower', 'set', 'truong', '--ring', 'all'), /take no trial zone/);
  await assert.rejects(stack.ctl('zone', 'follower', 'set', 'nobody', '--ring', 'own'), /nobody follows as nobody/);
  await assert.rejects(stack.ctl('zone', 'follower', 'set', 'truong', '--ring', 'first'));
  await until('the API says so', async () => {
    const { followers } = await approver.get('/api/v1/publication');
    return followers.find(({ name }) => name === 'truong')?.ring === 'all';
  });
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
