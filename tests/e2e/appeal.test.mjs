// An objection by the API, as the contract writes it: no account, judged by somebody who took no part, executed at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, draftFromReport, refusal } from './client.mjs';
import { faults, note } from './contract.mjs';
import { dig, Stack, until } from './stack.mjs';

const host = 'ngan-hang-uu-dai.example';
const stack = new Stack();
Client.watch = note;
const people = {};

before(async () => {
  await stack.start({ resolvers: [] });
  for (const login of ['lan', 'hoa', 'son', 'thu']) {
    people[login] = await new Client(stack.url, (user) => stack.code(user)).signIn(login, 'khien-demo-2026');
  }
  await people.lan.addPasskey();
  await people.hoa.addPasskey();
});
after(() => stack.stop());

test('an owner objects by the blocked name, and an upheld objection lifts the order', async () => {
  const { order } = await draftFromReport(stack, people.lan, host);
  await people.lan.sign(order, 'propose');
  await people.hoa.sign(order, 'approve');
  await until('blocked', async () => (await dig(stack.ports.dns, host)).rcode === 'NXDOMAIN');

  const owner = new Client(stack.url);
  const text = 'Đây là trang của tôi, bị nhầm với trang khác.';
  assert.equal(await refusal(() => owner.post('/api/v1/appeals', { order: 'khong-co.example', text })), '404 unknown_order');
  const receipt = await owner.post('/api/v1/appeals', { order: host, text, contact: 'chu-trang@trang.example', language: 'vi' });
  assert.ok(receipt.answer_due_ms > Date.now());
  const byNumber = await owner.post('/api/v1/appeals', { order: (await owner.get(`/api/v1/register/${order.id}`)).number, text });
  assert.notEqual(byNumber.code, receipt.code);
  const { state } = await owner.post('/api/v1/appeals/status', { code: receipt.code });
  assert.equal(state, 'lodged');

  const { items } = await people.son.get('/api/v1/appeals?state=lodged');
  const appeal = await people.son.get(`/api/v1/appeals/${items.at(-1).id}`);
  assert.equal(appeal.contact, 'chu-trang@trang.example');
  assert.equal((await people.thu.get(`/api/v1/appeals/${appeal.id}`)).contact, undefined, 'an auditor has no use for it');
  const reason = 'Chủ trang chứng minh được';
  assert.equal(await refusal(() => people.hoa.post(`/api/v1/appeals/${appeal.id}/decide`, { version: appeal.version, outcome: 'upheld', reason })), '403 not_your_role');
  const admitted = await people.son.post(`/api/v1/appeals/${appeal.id}/admit`, { version: appeal.version, suspend_order: true, reason });
  await until('suspended', async () => (await dig(stack.ports.dns, host)).rcode === 'NOERROR');
  const decided = await people.son.post(`/api/v1/appeals/${appeal.id}/decide`, { version: admitted.version, outcome: 'upheld', reason });
  assert.equal(decided.outcome, 'upheld');
  const after = await people.lan.get(`/api/v1/orders/${order.id}`);
  assert.equal(after.in_force, false);
  assert.match(after.case_number, /^NB-/);
  assert.equal((await owner.post('/api/v1/appeals/status', { code: receipt.code })).reason, reason);
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
