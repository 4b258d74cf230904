// Evidence over the real API: parts of a download, holds, a destruction that takes two people, and what stands in the way.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Client, draftFromReport, refusal } from './client.mjs';
import { faults, note } from './contract.mjs';
import { Stack } from './stack.mjs';

const password = 'khien-demo-2026';
const stack = new Stack();
Client.watch = note;
const people = {};
let drafted;

before(async () => {
  await stack.start({ resolvers: [] });
  for (const login of ['lan', 'khanh', 'hoa', 'thu', 'duc']) {
    people[login] = await new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
  }
  drafted = await draftFromReport(stack, people.lan, 'ngan-hang-uu-dai.example');
});
after(() => stack.stop());

async function upload(client, caseId, text) {
  const form = new FormData();
  form.append('file', new Blob([text], { type: 'text/plain' }), 'ghi-chép.txt');
  return client.post(`/api/v1/cases/${caseId}/evidence`, form);
}

test('a download can be taken up again where it broke off, if it is still the same', async () => {
  const text = 'chứng cứ '.repeat(1000);
  const item = await upload(people.lan, drafted.case.id, text);
  const hash = createHash('sha256').update(text).digest('hex');
  assert.equal(item.sha256, hash);
  const url = `/api/v1/evidence/${item.id}/content`;
  const get = (headers) => people.lan.raw('GET', url, headers);
  const whole = await get({});
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get('etag'), `"${hash}"`);
  assert.equal(whole.headers.get('accept-ranges'), 'bytes');
  const octets = Buffer.from(await whole.arrayBuffer());
  const part = await get({ Range: 'bytes=5000-', 'If-Range': `"${hash}"` });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes 5000-${octets.length - 1}/${octets.length}`);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), octets.subarray(5000));
  assert.equal((await get({ Range: 'bytes=0-1', 'If-Range': '"another"' })).status, 200);
  const beyond = await get({ Range: `bytes=${octets.length}-` });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers.get('content-range'), `bytes */${octets.length}`);

  const asset = await people.lan.raw('GET', '/app/', { Range: 'bytes=0-14' });
  assert.equal(asset.status, 206);
  assert.equal((await asset.text()).toLowerCase(), '<!doctype html>');
});

test('an order keeps the evidence that it rests on', async () => {
  const [item] = (await people.lan.get(`/api/v1/orders/${drafted.order.id}`)).evidence;
  const path = `/api/v1/evidence/${item.id}`;
  assert.equal(await refusal(() => people.khanh.post(`${path}/destruction`, { reason: 'Hết hạn lưu' })), '409 order_rests_on_it');
  const seen = await people.khanh.get(path);
  assert.deepEqual(seen.actions.find(({ action }) => action === 'evidence.destroy'),
    { action: 'evidence.destroy', allowed: false, reason: 'order_rests_on_it' });
});

test('holding, releasing and destroying: who may, who may not, and that it takes two', async () => {
  const item = await upload(people.lan, drafted.case.id, 'tải lên nhầm');
  const path = `/api/v1/evidence/${item.id}`;
  const why = { reason: 'Tải lên nhầm' };
  for (const login of ['lan', 'hoa', 'thu', 'duc']) {
    assert.equal(await refusal(() => people[login].post(`${path}/hold`, why)), '403 not_your_role', login);
    assert.equal(await refusal(() => people[login].post(`${path}/destruction`, why)), '403 not_your_role', login);
  }
  assert.equal((await people.khanh.post(`${path}/hold`, why)).holds, 1);
  assert.equal(await refusal(() => people.khanh.post(`${path}/destruction`, why)), '409 held');
  assert.equal((await people.khanh.post(`${path}/release`, why)).holds, 0);
  assert.equal(await refusal(() => people.khanh.post(`${path}/release`, why)), '409 not_held');

  const asked = await people.khanh.post(`${path}/destruction`, why);
  const destruction_id = asked.destruction.id;
  assert.equal(await refusal(() => people.khanh.post(`${path}/destruction/confirm`, { destruction_id })), '403 own_destruction');
  assert.equal(await refusal(() => people.lan.post(`${path}/destruction/confirm`, { destruction_id })), '403 not_your_role');
  const waiting = await people.hoa.get('/api/v1/evidence-destructions');
  assert.deepEqual(waiting.items.map(({ id }) => id), [item.id]);
  assert.equal((await people.hoa.get('/api/v1/overview')).destructions_waiting, 1);
  const elsewhere = await upload(people.lan, drafted.case.id, 'mục khác');
  assert.equal(await refusal(() => people.hoa.post(`/api/v1/evidence/${elsewhere.id}/destruction/confirm`, { destruction_id })), '404 ');

  const done = await people.hoa.post(`${path}/destruction/confirm`, { destruction_id });
  assert.equal(done.destroyed, true);
  assert.deepEqual(done.custody.map(({ event }) => event), ['received', 'held', 'released', 'destroyed']);
  assert.equal(await refusal(() => people.lan.get(`${path}/content`)), '404 destroyed');
  assert.equal((await people.thu.get(path)).sha256, item.sha256, 'the auditor still sees that it was there');
  await stack.ctl('ledger', 'verify');
});

test('what is due is seen by whom it concerns', async () => {
  const due = await people.lan.get('/api/v1/deadlines?within_hours=744');
  const citizen = new Client(stack.url);
  await citizen.post('/api/v1/reports', { text: 'http://qua-tang-tri-an.example đòi chuyển tiền', category: 'fraud', language: 'vi' });
  const more = await people.lan.get('/api/v1/deadlines?within_hours=744');
  assert.equal(more.items.length, due.items.length + 1);
  const screen = more.items.find(({ kind, title }) => kind === 'screen' && title.includes('qua-tang'));
  assert.ok(screen, JSON.stringify(more.items));
  const seenByDuty = await people.duc.get('/api/v1/deadlines?within_hours=744');
  assert.deepEqual(seenByDuty.items.filter(({ record }) => record !== 'order'), [], 'a duty operator reads orders only');
  assert.equal(await refusal(() => people.lan.get('/api/v1/deadlines?within_hours=0')), '400 bad_field');
  const one = await people.lan.get(`/api/v1/cases/${screen.case_id}`);
  assert.equal(one.due_kind, 'screen');
  assert.equal(one.deadlines[0].kind, 'screen');
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
