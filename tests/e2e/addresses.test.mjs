// An order on an address on its whole way, against a real khiend: off until the authority turns it on, three signatures, the signed list,
// the lift. Every answer is held against api/openapi.yaml.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, draftFromReport, refusal } from './client.mjs';
import { faults, note } from './contract.mjs';
import { Stack, until } from './stack.mjs';

const password = 'khien-demo-2026';
const address = '203.0.113.9';
const stack = new Stack();
Client.watch = note;
let analyst;
let near;
let other;
let order;

const signIn = async (login) => (await new Client(stack.url, (user) => stack.code(user)).signIn(login, password)).addPasskey();
const told = { step_reason: 'Không có tên miền nào để chặn', names_told: 1, told_source: 'passive DNS, 28/11/2026' };
const draft = (name, more = {}) => async () =>
  (await draftFromReport(stack, analyst, 'lua-dao-dia-chi.example', { name, scope: 'address', ...told, ...more })).order;
const listed = async () => {
  const text = await new Client(stack.url).get('/lists/addresses.prefixes');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
};

before(async () => {
  await stack.start({ resolvers: [] });
  [analyst, near, other] = await Promise.all(['lan', 'minh', 'hoa'].map(signIn));
});
after(() => stack.stop());

test('addresses are off until the authority decides otherwise', async () => {
  assert.equal((await analyst.get('/api/v1/meta')).address_orders, false);
  assert.equal(await refusal(draft(address)), '409 addresses_off');
  await stack.ctl('setting', 'set', 'address_orders', 'on', '--decision', 'QĐ 1/QĐ-UBND');
  assert.equal((await analyst.get('/api/v1/meta')).address_orders, true);
});

test('nobody can order what everybody uses, what is private, or what enforces', async () => {
  assert.equal(await refusal(draft('8.8.8.8')), '409 never_block_prefix');
  assert.equal(await refusal(draft('192.168.1.1')), '409 special_address');
  assert.equal(await refusal(draft('192.0.0.0/8', { scope: 'prefix' })), '409 special_address');
  assert.equal(await refusal(draft('192.0.2.1/28', { scope: 'prefix' })), '400 bad_address');
  assert.equal(await refusal(draft('192.0.2.0/23', { scope: 'prefix' })), '409 prefix_too_wide');
  assert.equal(await refusal(draft(address, { names_told: 250_000 })), '409 names_at_address');
  assert.equal(await refusal(draft('lua-dao.example')), '400 bad_address');
});

test('three people sign, and then it is in the list', async () => {
  order = await draft(address)();
  assert.equal(order.impact.verdict, 'serious');
  assert.equal(order.signatures_needed, 3);
  assert.equal(await refusal(() => near.sign(order, 'emergency', { reason: 'gấp' })), '409 no_emergency');
  await analyst.sign(order, 'propose');
  const second = await near.sign(order, 'approve');
  assert.equal(second.state, 'proposed');
  assert.equal(second.in_force, false);
  assert.equal(await refusal(() => near.sign(order, 'approve')), '403 already_signed');
  assert.equal((await near.get('/api/v1/orders/waiting')).items.length, 0);
  assert.equal((await other.get('/api/v1/orders/waiting')).items.length, 1);
  const third = await other.sign(order, 'approve');
  assert.equal(third.in_force, true);
  assert.equal(third.signatures.length, 3);
  await until('the list', async () => (await listed()).includes(address));
  await until('published', async () => (await analyst.get(`/api/v1/orders/${order.id}`)).state === 'published');
});

test('the register knows it by its address, and so does who objects', async () => {
  const citizen = new Client(stack.url);
  const entry = await citizen.get(`/api/v1/register/${order.id}`);
  assert.equal(entry.scope, 'address');
  assert.equal(entry.signatures.length, 3);
  const found = await citizen.get(`/api/v1/lookup?name=${address}`);
  assert.equal(found.verdict, 'blocked');
  assert.deepEqual(found.entries.map(({ scope }) => scope), ['address']);
});

test('one officer lifts it, and it leaves the list', async () => {
  const duty = await signIn('duc');
  await duty.move(order, 'lift', { reason: 'địa chỉ đã đổi chủ' });
  await until('the lift', async () => (await listed()).length === 0);
  await until('lift_published', async () => (await analyst.get(`/api/v1/orders/${order.id}`)).state === 'lift_published');
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
