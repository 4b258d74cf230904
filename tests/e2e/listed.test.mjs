// A name that only a list blocks: who meets the block reads which list, who approved it and until when, in both languages;
// objects without an account; one officer takes the name off all lists, and it resolves again, also after the list's next run.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Officer, openBrowser, say, Visitor } from './browser.mjs';
import { Client, draftFromReport, Refused } from './client.mjs';
import { faults, note } from './contract.mjs';
import { dig, everyAddress, Stack, until } from './stack.mjs';

const password = 'khien-demo-2026';
const host = 'cua-hang-hoa.example';
const day = 86_400_000;
const stack = new Stack();
Client.watch = note;
let analyst;
let approver;
let duty;
let appeals;
let browser;
let feed;
let code;

const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
const put = (file, names) => writeFileSync(join(stack.state, 'feeds', file), names.join('\n'));
const draft = (part = {}) => ({
  name: 'Danh sách mẫu A', source: 'a.txt', format: 'domains', category: 'fraud', scope: 'domain', column: '0', entries_max: 1_000,
  change_max_percent: 100, licence: 'CC0', valid_until_ms: Date.now() + 90 * day, reason: 'Nguồn công khai', ...part,
});
/** A list that one person proposed and another approved, when its first run is done. */
async function inForce(part, names) {
  const wanted = draft(part);
  put(wanted.source, names);
  const proposed = await analyst.post('/api/v1/feeds', wanted);
  await approver.post(`/api/v1/feeds/${proposed.id}/approve`, { version: proposed.version });
  const { value } = await until('the first run', async () => {
    const now = await analyst.get(`/api/v1/feeds/${proposed.id}`);
    return now.last_run?.state === 'applied' && now;
  });
  return value;
}
const isBlocked = async (name) => {
  const { rcode, ede } = await dig(stack.ports.dns, name);
  return rcode === 'NXDOMAIN' && ede.startsWith('15 ') && ede.includes(`${stack.url}/l/${name}`);
};
const resolves = async (name) => (await dig(stack.ports.dns, name)).answers[0] === everyAddress;
const read = async (path, options = {}) => {
  const response = await fetch(stack.url + path, options);
  const text = await response.text();
  assert.ok(text.length < 60_000, `${path} has ${text.length} octets`);
  return { status: response.status, text: text.replaceAll('&#39;', "'").replaceAll('&quot;', '"') };
};
const form = (path, fields, lang = 'vi') =>
  read(path, { method: 'POST', headers: { Cookie: `lang=${lang}`, Origin: stack.url }, body: new URLSearchParams(fields) });
const lookup = (name) => analyst.get(`/api/v1/lookup?name=${encodeURIComponent(name)}`);
async function refused(promise) {
  const error = await promise.then(() => undefined, (one) => one);
  assert.ok(error instanceof Refused, `expected a refusal, got ${error}`);
  return error.problem.reason;
}

before(async () => {
  await stack.start({ resolvers: [], everyName: true });
  mkdirSync(join(stack.state, 'feeds'), { recursive: true });
  [analyst, approver, duty, appeals] = await Promise.all(['lan', 'hoa', 'duc', 'son'].map(signIn));
  browser = await openBrowser();
  feed = await inForce({}, [host, 'lua-dao.example']);
  await inForce({ name: 'Quảng cáo', source: 'b.txt', category: 'choice-ads', scope: 'host' }, ['quang-cao.example']);
  await until('blocked with the link', () => isBlocked(`www.${host}`));
});
after(async () => {
  await browser?.close();
  await stack.stop();
});

test('the page of the link and the look-up say which list, who, until when, in both languages', async () => {
  for (const lang of ['vi', 'en']) {
    const until_ = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Ho_Chi_Minh', year: 'numeric' }).format(feed.valid_until_ms);
    for (const path of [`/l/www.${host}?lang=${lang}`, `/lookup?q=https://www.${host}/gio-hang&lang=${lang}`]) {
      const { status, text } = await read(path);
      assert.equal(status, 200);
      const want = [
        say('public.listing.state', lang), say('category.fraud', lang), say('public.listing.approved.two', lang),
        say('public.listing.object_text', lang), host, 'Danh sách mẫu A', 'CC0', until_, `/object?list=www.${host}`,
      ];
      for (const part of want) assert.ok(text.includes(part), `${path}: "${part}"`);
      for (const secret of ['Trần Thị Lan', 'Lê Thị Hoa', 'a.txt', 'Nguồn công khai']) assert.ok(!text.includes(secret), secret);
    }
  }
  const found = await lookup(`www.${host}`);
  assert.equal(found.verdict, 'listed');
  assert.deepEqual(found.entries.map(({ basis, category, name, feed: list }) => ({ basis, category, name, list })), [
    { basis: 'feeds', category: 'fraud', name: host, list: 'Danh sách mẫu A' },
  ]);
});

test("a network's own choice is said to be one, and is not ours to lift", async () => {
  for (const lang of ['vi', 'en']) {
    await until('the choice is there', async () => (await lookup('quang-cao.example')).entries.length === 1);
    const { text } = await read(`/l/quang-cao.example?lang=${lang}`);
    assert.ok(text.includes(say('public.listing.choice.text', lang)));
    assert.ok(!text.includes('/object?list='));
  }
  assert.equal((await lookup('quang-cao.example')).verdict, 'none');
  assert.equal(await refused(analyst.post('/api/v1/objections', { name: 'quang-cao.example', text: 'Không phải quảng cáo' })), 'not_listed');
});

test('a name that nothing blocks has no list and no objection', async () => {
  const { text } = await read('/l/binh-thuong.example?lang=vi');
  assert.ok(text.includes(say('public.block.unknown')));
  const answer = await form('/object', { order: 'binh-thuong.example', text: 'Trang của tôi', submission: 'x1' });
  assert.equal(answer.status, 404);
  assert.ok(answer.text.includes(say('public.object.error.unknown')));
  assert.equal((await form('/object', { order: host, about: 'list', text: '', submission: 'x2' })).status, 400);
  assert.equal((await form('/object/status', { code: 'AAAA-AAAA-AAAA-AAAA' })).status, 404);
});

test('somebody affected objects on a telephone without script or account, and gets a code', async () => {
  const visitor = await Visitor.open(browser, stack, { phone: true, javaScriptEnabled: false });
  const { page } = visitor;
  await page.goto(`/l/www.${host}`);
  await page.getByRole('link', { name: say('public.order.object') }).click();
  await page.locator('#text').fill('Đây là cửa hàng hoa của tôi');
  await page.locator('#contact').fill('chu@cua-hang-hoa.example');
  await page.getByRole('button', { name: say('public.object.send') }).click();
  code = (await page.locator('output').textContent()).trim();
  await page.goto('/object');
  await page.locator('#code').fill(code);
  await page.getByRole('button', { name: say('public.status.show') }).click();
  await page.getByText(say('public.state.listing.lodged.text')).waitFor();
  assert.deepEqual(visitor.problems, []);
  await page.context().close();
});

test('it reaches officers with its deadline; who may not decide is refused', async () => {
  const { items } = await duty.get('/api/v1/objections?state=lodged');
  assert.equal(items.length, 1);
  const [{ id, version, name, lists }] = items;
  assert.equal(name, `www.${host}`);
  assert.deepEqual(lists.map((list) => list.id), [feed.id]);
  assert.equal((await duty.get(`/api/v1/objections/${id}`)).contact, 'chu@cua-hang-hoa.example');
  assert.equal((await analyst.get(`/api/v1/objections/${id}`)).contact, undefined);
  assert.equal((await appeals.get('/api/v1/overview')).appeals_open, 1);
  const due = (await duty.get('/api/v1/deadlines?within_hours=200')).items.find((item) => item.record === 'objection');
  assert.equal(due?.title, name);
  const move = (client, what, body) => client.post(`/api/v1/objections/${id}/${what}`, body);
  assert.equal(await refused(move(analyst, 'uphold', { version, reason: 'chặn nhầm' })), 'not_your_role');
  assert.equal(await refused(move(duty, 'deny', { version, reason: 'đúng là lừa đảo' })), 'not_your_role');
  assert.equal(await refused(move(duty, 'uphold', { version, reason: '' })), 'reason_needed');
  assert.equal(await refused(move(duty, 'uphold', { version: 9, reason: 'chặn nhầm' })), 'stale_version');
  assert.ok(await isBlocked(`www.${host}`), 'a refused decision opens nothing');
});

test('an officer decides on the screen, and the name resolves again at once', async () => {
  const officer = await Officer.signIn(browser, stack, 'son', password);
  const { page } = officer;
  await page.goto('/app/appeals');
  await page.getByRole('article', { name: `www.${host}` }).waitFor();
  await officer.picture('listed-1-objection');
  assert.deepEqual(await officer.axe(), []);
  await page.getByRole('button', { name: say('app.objection.uphold'), exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('Cửa hàng thật, danh sách nhầm');
  await dialog.getByRole('button', { name: say('app.objection.uphold'), exact: true }).click();
  const { ms } = await until('it resolves again', () => resolves(`www.${host}`));
  console.log(`resolves ${ms} ms after the decision`);
  assert.ok(await resolves(host), 'the entry that covered it is out');
  assert.ok(await isBlocked('lua-dao.example'), 'the rest of the list stands');
  assert.deepEqual(officer.problems, []);
  await officer.close();
  assert.equal((await lookup(`www.${host}`)).verdict, 'none');
  for (const lang of ['vi', 'en']) {
    const answer = await form('/object/status', { code }, lang);
    assert.ok(answer.text.includes(say('public.state.listing.upheld.text', lang)));
    assert.ok(answer.text.includes('Cửa hàng thật, danh sách nhầm'));
    assert.ok((await read(`/l/www.${host}?lang=${lang}`)).text.includes(say('public.block.unknown', lang)));
  }
  const again = await form('/object', { order: `www.${host}`, about: 'list', text: 'Vẫn chưa mở', submission: 'x3' });
  assert.equal(again.status, 409);
  assert.ok(again.text.includes(say('public.object.error.excepted')));
});

test('the next run of the list, and a restart, leave it open; an order still blocks it', async () => {
  put('a.txt', [host, 'lua-dao.example', 'moi.example']);
  const { version } = await analyst.get(`/api/v1/feeds/${feed.id}`);
  await analyst.post(`/api/v1/feeds/${feed.id}/run`, { version });
  await until('the new name is blocked', () => isBlocked('moi.example'));
  assert.ok(await resolves(`www.${host}`));
  await stack.end('khiend');
  await stack.startKhiend();
  [analyst, approver] = await Promise.all(['lan', 'hoa'].map(signIn));
  assert.equal((await lookup('moi.example')).verdict, 'listed');
  assert.ok(await resolves(`www.${host}`));
  const { order } = await draftFromReport(stack, analyst, host);
  await analyst.sign(order, 'propose');
  await approver.sign(order, 'approve');
  await until('the order blocks it', async () => (await dig(stack.ports.dns, host)).ede.startsWith('16 '));
  await stack.ctl('ledger', 'verify');
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
