// A person loses the phone: two administrators reset the second factor, old sessions end, and the person enrols again. Also
// what a stale factor asks for, and who can be given a case. As people do it, in Chromium.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Officer, openBrowser, say, Visitor } from './browser.mjs';
import { Client, draftFromReport, Refused } from './client.mjs';
import { faults, note } from './contract.mjs';
import { Stack, until } from './stack.mjs';

const password = 'khien-demo-2026';
const ownPassword = 'mot mat khau rat dai cua duc';
const stack = new Stack();
let browser;
let lost; // Đức's session on the phone that is gone
let oneTime = '';
let secret = '';
Client.watch = note;

before(async () => {
  await stack.start({ resolvers: [] });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack.stop();
});

const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
const refusal = (pending) => pending.then(() => assert.fail('was let through'), (error) => {
  assert.ok(error instanceof Refused, error);
  return error.problem.reason;
});

/** Six digits of RFC 6238 for a base32 secret, as the new phone would show them. */
function totp(base32, at = Date.now()) {
  let bits = '';
  for (const c of base32) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = mac.at(-1) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('one administrator proposes the reset, and nothing has changed yet', async () => {
  lost = await signIn('duc');
  const quang = await Officer.signIn(browser, stack, 'quang', password);
  const { page } = quang;
  await page.goto('/app/accounts');
  await page.getByRole('listitem').filter({ hasText: 'Nguyễn Văn Đức' }).getByRole('button', { name: say('app.account.change') }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(say('app.change.kind')).selectOption('reset_factor');
  await dialog.getByLabel(say('app.reason'), { exact: false }).fill('Mất điện thoại, đã gặp trực tiếp');
  await quang.button('app.change.propose', dialog).click();
  await page.getByText('Mất điện thoại, đã gặp trực tiếp').waitFor();
  assert.equal(await quang.button('app.change.confirm').count(), 0, 'never the proposer');
  await quang.picture('lost-1-proposed');
  assert.deepEqual(quang.problems, []);
  await quang.close();
  await lost.get('/api/v1/session');
});

test('another confirms it and gets a password to hand over; old sessions, password and codes are gone', async () => {
  const yen = await Officer.signIn(browser, stack, 'yen', password);
  const { page } = yen;
  await page.goto('/app/accounts');
  await yen.button('app.change.confirm').click();
  const dialog = page.getByRole('dialog', { name: say('app.account.password') });
  oneTime = (await dialog.locator('code').textContent()).trim();
  assert.match(oneTime, /^[0-9A-Z-]{16,}$/);
  await yen.picture('lost-2-password');
  assert.deepEqual(await yen.axe(), []);
  await yen.button('app.account.password-kept', dialog).click();
  assert.deepEqual(yen.problems, []);
  await yen.close();

  assert.equal(await refusal(lost.get('/api/v1/session')), 'not_signed_in');
  assert.equal(await refusal(new Client(stack.url).post('/api/v1/session', { account: 'duc', password })), 'bad_sign_in');
  await assert.rejects(stack.ctl('demo', 'code', 'duc'), /no authenticator/, 'the lost authenticator is nothing now');
});

test('the person enrols a new phone from the picture, and chooses an own password', async () => {
  const duc = await Visitor.open(browser, stack, { phone: true });
  const { page } = duc;
  await page.goto('/app/sign-in');
  await page.getByLabel(say('app.sign-in.account')).fill('duc');
  await page.getByLabel(say('app.sign-in.password'), { exact: true }).fill(oneTime);
  await duc.button('app.sign-in.continue').click();
  await duc.button('app.factor.use-totp').click();
  await page.getByRole('img', { name: say('app.factor.qr') }).waitFor();
  const uri = await page.getByRole('link', { name: say('app.factor.open-app') }).getAttribute('href');
  secret = new URL(uri).searchParams.get('secret');
  await page.getByText(secret.replaceAll(/(.{4})(?=.)/g, '$1 ')).waitFor();
  await duc.picture('lost-3-enrol');
  assert.deepEqual(await duc.axe(), []);
  await page.getByLabel(say('app.factor.code')).fill(totp(secret));
  await duc.button('app.factor.confirm').click();

  await page.getByText(say('app.password.temporary')).waitFor();
  await page.getByRole('link', { name: say('app.password.set-own') }).click();
  await page.getByLabel(say('app.password.old'), { exact: true }).fill(oneTime.toLowerCase());
  await page.getByLabel(say('app.password.new'), { exact: true }).fill(ownPassword);
  await duc.picture('lost-4-password');
  await duc.button('app.password.change').click();
  await page.getByText(say('app.password.changed')).waitFor();
  await page.getByText(say('app.password.temporary')).waitFor({ state: 'detached' });
  assert.deepEqual(duc.problems, []);
  await duc.close();
});

test('the new factor and password open the account, the handed-over one opens nothing', async () => {
  // The enrolment used the code of its half minute; the next one is good already (a window of one step).
  const again = new Client(stack.url, () => totp(secret, Date.now() + 30_000));
  await again.signIn('duc', ownPassword);
  const me = await again.get('/api/v1/session');
  assert.deepEqual([me.roles, me.factors, me.password_is_temporary], [['duty_operator'], ['totp'], false]);
  assert.equal(await refusal(new Client(stack.url).post('/api/v1/session', { account: 'duc', password: oneTime })), 'bad_sign_in');
  await stack.ctl('ledger', 'verify');
});

/** Half an hour goes by for every session: when a factor was shown is moved back in the database. */
function ageFactors() {
  const sql = "PRAGMA busy_timeout = 5000; UPDATE session SET factor_at_ms = 1 WHERE stage = 'complete'";
  execFileSync('sqlite3', [join(stack.state, 'khien.db'), sql]);
}

test('after half an hour the factor is asked for in place, and what was typed goes on: with a code', async () => {
  const quang = await Officer.signIn(browser, stack, 'quang', password);
  const { page } = quang;
  await page.goto('/app/accounts');
  ageFactors();
  await page.getByRole('listitem').filter({ hasText: 'Đặng Văn Sơn' }).getByRole('button', { name: say('app.account.change') }).click();
  const form = page.getByRole('dialog', { name: say('app.account.change-of', 'vi', { name: 'Đặng Văn Sơn' }) });
  await form.getByLabel(say('app.change.kind')).selectOption('lock');
  await form.getByLabel(say('app.reason'), { exact: false }).fill('Chuyển công tác');
  await quang.button('app.change.propose', form).click();
  const again = page.getByRole('dialog', { name: say('app.step-up') });
  await again.waitFor();
  await page.keyboard.press('Escape');
  await again.waitFor({ state: 'hidden' });
  await form.getByText(say('reason.step_up_needed')).waitFor();
  await quang.button('app.change.propose', form).click();
  await again.getByLabel(say('app.factor.code')).fill('000000');
  await quang.button('app.factor.confirm', again).click();
  await again.getByText(say('reason.bad_factor')).waitFor();
  await quang.picture('step-up');
  assert.deepEqual(await quang.axe(), []);
  await again.getByLabel(say('app.factor.code')).fill(await stack.code('quang'));
  await quang.button('app.factor.confirm', again).click();
  await page.getByText(say('app.change.sent')).waitFor();
  await page.getByText('Chuyển công tác').waitFor();
  assert.deepEqual(quang.problems, []);
  await quang.close();
});

test('… and with a passkey; closing the dialog does nothing', async () => {
  const mai = await Officer.signIn(browser, stack, 'mai', password);
  const { page } = mai;
  await mai.addPasskey();
  ageFactors();
  await page.getByLabel(say('app.account.email')).fill('mai@so-khcn.example');
  await mai.button('app.contact.save').click();
  const again = page.getByRole('dialog', { name: say('app.step-up') });
  await mai.button('app.close', again).click();
  await page.getByText(say('reason.step_up_needed')).waitFor();
  await mai.button('app.contact.save').click();
  await mai.button('app.factor.use-passkey', again).click();
  await page.getByText(say('app.contact.saved')).waitFor();
  await page.reload();
  assert.equal(await page.getByLabel(say('app.account.email')).inputValue(), 'mai@so-khcn.example');
  assert.deepEqual(mai.problems, []);
  await mai.close();
});

test('an officer gives a case to a colleague from the queue and from the case, by names alone', async () => {
  const analyst = await signIn('lan');
  const { case: made } = await draftFromReport(stack, analyst, 'ngan-hang-uu-dai.example');
  const { items } = await analyst.get('/api/v1/cases/assignees');
  assert.deepEqual(items.map(({ name }) => name), ['Trần Thị Lan'], 'only who may work cases');
  const lan = await Officer.signIn(browser, stack, 'lan', password);
  const { page } = lan;
  const choice = page.getByLabel(say('app.assignee-of', 'vi', { title: (await analyst.get(`/api/v1/cases/${made.id}`)).title }));
  await choice.selectOption({ label: say('app.me-named', 'vi', { name: 'Trần Thị Lan' }) });
  await page.getByText(say('app.assigned')).waitFor();
  await until('the case is hers', async () => (await analyst.get(`/api/v1/cases/${made.id}`)).assignee?.name === 'Trần Thị Lan');
  await lan.picture('assign-queue');
  assert.deepEqual(await lan.axe(), []);
  await page.goto(`/app/cases/${made.id}`);
  await page.getByLabel(say('app.assignee'), { exact: true }).selectOption({ label: say('app.nobody') });
  await until('the case is nobody’s', async () => (await analyst.get(`/api/v1/cases/${made.id}`)).assignee === null);
  const { version } = await analyst.get(`/api/v1/cases/${made.id}`);
  const hoa = await (await signIn('hoa')).get('/api/v1/session');
  assert.equal(await refusal(analyst.post(`/api/v1/cases/${made.id}/assign`, { version, account_id: hoa.account.id })), 'not_assignable');
  assert.equal(await refusal((await signIn('thu')).get('/api/v1/cases/assignees')), 'not_your_role');
  assert.deepEqual(lan.problems, []);
  await lan.close();
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
