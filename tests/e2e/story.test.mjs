// The main job, as people do it: a citizen reports a scam on a phone without script; an officer triages and proposes with a
// passkey; another person approves with a code; three resolvers answer NXDOMAIN; the citizen is told; one officer lifts; the
// three answer again; the register and the ledger prove both. Everything is real but the Internet.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Officer, openBrowser, say, Visitor } from './browser.mjs';
import { faults } from './contract.mjs';
import { dig, Stack, until } from './stack.mjs';

const host = 'ngan-hang-uu-dai.example';
const password = 'khien-demo-2026';
const limitMs = 30_000;
const stack = new Stack();
let browser;
let code = '';
let orderPath = '';
const people = {};

before(async () => {
  await stack.start();
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack.stop();
});

/** Waits until all three resolvers answer `rcode` for the name, and prints how long each took. */
async function everywhere(what, rcode) {
  const took = await Promise.all(
    ['dns', 'unbound', 'bind'].map(async (which) => {
      const { ms } = await until(`${which}: ${what}`, async () => (await dig(stack.ports[which], host)).rcode === rcode, { limitMs });
      return `${which === 'dns' ? 'khien-dnsd' : which} ${ms} ms`;
    }),
  );
  console.log(`${what}: ${took.join(', ')}`);
}

test('before anything, the name resolves everywhere', async () => {
  await everywhere('resolves', 'NOERROR');
});

test('a citizen reports it on a phone without script', async () => {
  const citizen = await Visitor.open(browser, stack, { phone: true, javaScriptEnabled: false });
  const { page } = citizen;
  await page.goto('/');
  await page.locator('#what').fill(`https://${host}/dang-nhap giả ngân hàng, đòi mật khẩu và mã OTP`);
  await page.locator('input[name=kind][value=phishing]').check();
  await citizen.picture('1-report');
  await page.getByRole('button', { name: say('public.report.send') }).click();
  await page.getByRole('heading', { name: say('public.received.title') }).waitFor();
  code = (await page.locator('.code output').textContent()).trim();
  assert.match(code, /^[0-9A-Za-z-]{16,64}$/);
  assert.ok(!page.url().includes(code), 'the code is in no address');
  await citizen.picture('2-received');
  await citizen.close();
});

test('an officer finds it without diacritics, takes it up, and proposes an order with a passkey', async () => {
  const officer = await Officer.signIn(browser, stack, 'lan', password);
  people.lan = officer;
  const { page } = officer;
  await officer.addPasskey();

  await page.goto('/app/cases');
  await page.getByLabel(say('app.search')).fill('ngan hang');
  await page.getByRole('link', { name: new RegExp(host.replaceAll('.', '\\.')) }).first().waitFor();
  await officer.picture('3-queue');
  assert.deepEqual(await officer.axe(), []);
  await page.locator('[data-row] a').first().focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: say('app.report.accept'), exact: true }).click();
  await page.getByText(say('app.report.accepted')).waitFor();
  await officer.picture('4-case');
  assert.deepEqual(await officer.axe(), []);

  await page.getByRole('link', { name: say('app.order.block-name') }).click();
  const category = page.getByLabel(say('app.category'));
  await category.waitFor();
  if ((await category.inputValue()) === '') await category.selectOption('phishing');
  await page.getByLabel(say('app.order.reason')).fill('Giả mạo trang đăng nhập ngân hàng để lấy mật khẩu');
  await page.getByText(say('app.impact.covers')).waitFor();
  await officer.picture('5-order-form');
  await officer.button('app.order.draft').click();
  await page.getByRole('dialog').getByTestId('digest').waitFor();
  await officer.picture('6-sign');
  await officer.sign({ passkey: true });
  await page.getByText(say('state.order.proposed'), { exact: true }).first().waitFor();
  orderPath = new URL(page.url()).pathname;

  await page.reload();
  await page.getByText(say('state.order.proposed'), { exact: true }).first().waitFor();
  assert.equal(await officer.button('app.sign.title.approve').count(), 0, 'never the proposer');
  assert.equal((await dig(stack.ports.dns, host)).rcode, 'NOERROR', 'one signature blocks nothing');
});

test('a second person approves with a code, and three resolvers block it', async () => {
  const leader = await Officer.signIn(browser, stack, 'hoa', password);
  people.hoa = leader;
  const { page } = leader;
  await page.getByRole('link', { name: new RegExp(`^${say('app.nav.waiting')}`) }).first().click();
  await page.getByRole('link', { name: host }).click();
  await leader.button('app.sign.title.approve').click();
  await leader.sign({ passkey: false });
  await everywhere('blocked', 'NXDOMAIN');
  const { ede } = await dig(stack.ports.dns, host);
  assert.match(ede, /^16\b/, 'khien-dnsd says that an order is the reason (EDE 16)');
  await page.getByText(say('app.in-force'), { exact: true }).first().waitFor();
  await leader.picture('7-order');
  assert.deepEqual(await leader.axe(), []);
});

test('the citizen and everybody else can see it', async () => {
  const citizen = await Visitor.open(browser, stack, { phone: true, javaScriptEnabled: false });
  const { page } = citizen;
  await page.goto('/status');
  await page.locator('#code').fill(code);
  await page.getByRole('button', { name: say('public.status.show') }).click();
  await page.getByText(say('public.state.report.acted.text')).waitFor();
  await citizen.picture('8-status');
  await page.goto(`/l/${host}`);
  await page.getByRole('heading', { name: say('public.block.title') }).waitFor();
  await page.getByRole('link', { name: say('public.order.object') }).waitFor();
  await citizen.picture('9-block-page');
  await page.goto('/register');
  await page.getByText(host).first().waitFor();
  await citizen.close();
});

test('one duty officer lifts it, and three resolvers answer again', async () => {
  const duty = await Officer.signIn(browser, stack, 'duc', password);
  const { page } = duty;
  await page.goto(orderPath);
  await duty.button('app.order.lift').click();
  const dialog = page.getByRole('dialog');
  await duty.button('app.order.why.gone', dialog).click();
  await duty.button('app.order.lift', dialog).click();
  await everywhere('lifted', 'NOERROR');
  await page.getByText(say('app.not-in-force'), { exact: true }).first().waitFor();
  await page.goto('/register');
  await page.getByText(say('public.state.order.lifted')).first().waitFor();
  await duty.picture('10-register');
  assert.deepEqual(duty.problems, []);
  await duty.close();
});

test('the ledger proves both', async () => {
  const order = orderPath.split('/').at(-1);
  await until('all leaves are integrated', async () => {
    const { leaves } = await (await fetch(`${stack.url}/api/v1/register/${order}/proof`)).json();
    return leaves.length >= 3 && leaves.every(({ state }) => state === 'integrated') && leaves.some(({ type }) => type === 'order.lifted');
  });
  await stack.ctl('ledger', 'verify');
});

test('an officer can work in English', async () => {
  const officer = await Officer.signIn(browser, stack, 'minh', password, { language: 'en' });
  const { page } = officer;
  for (const [path, key] of [
    ['/app/cases', 'app.nav.cases'], ['/app/orders', 'app.nav.orders'], ['/app/orders/waiting', 'app.nav.waiting'],
    ['/app/orders/lapsing', 'app.nav.lapsing'], ['/app/orders/proposals', 'app.nav.proposals'], ['/app/me', 'app.me'],
  ]) {
    await page.goto(path);
    await officer.heading(say(key, 'en')).waitFor();
  }
  await page.goto(orderPath);
  await page.getByText(say('app.not-in-force', 'en'), { exact: true }).first().waitFor();
  await officer.picture('11-order-en');
  assert.deepEqual(officer.problems, []);
  await officer.close();
});

test('no page had a fault', async () => {
  for (const [login, person] of Object.entries(people)) assert.deepEqual(person.problems, [], login);
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
