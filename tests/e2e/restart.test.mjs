// khiend dies without a word: DNS goes on blocking and resolving, and khiend comes back with nothing lost.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client, draftFromReport } from './client.mjs';
import { faults, note } from './contract.mjs';
import { dig, Stack, until } from './stack.mjs';

const blocked = 'ngan-hang-uu-dai.example';
const free = 'ngan-hang.example';
const password = 'khien-demo-2026';
const resolvers = ['dns', 'unbound', 'bind'];
const stack = new Stack();
Client.watch = note;

before(() => stack.start());
after(() => stack.stop());

const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
const rcodes = (name) => Promise.all(resolvers.map(async (which) => (await dig(stack.ports[which], name)).rcode));

test('kill -9 stops neither blocking nor resolving, and loses nothing', async () => {
  const analyst = await (await signIn('lan')).addPasskey();
  const approver = await (await signIn('hoa')).addPasskey();
  const { order } = await draftFromReport(stack, analyst, blocked);
  await analyst.sign(order, 'propose');
  await approver.sign(order, 'approve');
  for (const which of resolvers) {
    await until(`${which} blocks`, async () => (await dig(stack.ports[which], blocked)).rcode === 'NXDOMAIN');
  }
  const before = await analyst.get(`/api/v1/orders/${order.id}`);

  await stack.end('khiend', 'SIGKILL');
  assert.deepEqual(await rcodes(blocked), ['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN']);
  assert.deepEqual(await rcodes(free), ['NOERROR', 'NOERROR', 'NOERROR']);

  const ms = await stack.startKhiend();
  console.log(`khiend is healthy ${ms} ms after its restart`);
  // Sessions are rows too: the officer is still signed in.
  const now = await analyst.get(`/api/v1/orders/${order.id}`);
  assert.equal(now.name, before.name);
  assert.deepEqual(now.signatures, before.signatures);
  assert.ok(now.in_force);
  assert.ok(now.version >= before.version);
  assert.deepEqual(await rcodes(blocked), ['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN']);
  await stack.ctl('ledger', 'verify');

  // And it still takes orders: what was blocked can be lifted.
  const duty = await signIn('duc');
  await duty.move(order, 'lift', { reason: 'Kết thúc thử nghiệm' });
  for (const which of resolvers) {
    await until(`${which} resolves again`, async () => (await dig(stack.ports[which], blocked)).rcode === 'NOERROR');
  }
});

test('khien-dnsd killed at once after a block, or a lift, starts with it while khiend is away', async () => {
  const name = 'trung-thuong-xe-may.example';
  const rcode = async () => (await dig(stack.ports.dns, name)).rcode;
  const killBoth = async () => {
    await stack.end('khien-dnsd', 'SIGKILL');
    await stack.end('khiend', 'SIGKILL');
  };
  const analyst = await signIn('lan');
  const { order } = await draftFromReport(stack, analyst, name);
  await analyst.sign(order, 'propose');
  await (await signIn('hoa')).sign(order, 'approve');
  await until('khien-dnsd blocks', async () => (await rcode()) === 'NXDOMAIN', { everyMs: 1 });
  await killBoth();
  // A crash of the machine may leave half a record as well.
  appendFileSync(join(stack.folder, 'dnsd/rules.journal'), Buffer.from('b1ec0000', 'hex'));
  await stack.startDnsd();
  assert.equal(await rcode(), 'NXDOMAIN');
  assert.equal((await dig(stack.ports.dns, free)).rcode, 'NOERROR');
  const metrics = await (await fetch(`http://127.0.0.1:${stack.ports.status}/metrics`)).text();
  assert.match(metrics, /^khien_dnsd_journal_cut_total 1$/m);

  await stack.startKhiend();
  await (await signIn('duc')).move(order, 'lift', { reason: 'Kết thúc thử nghiệm' });
  await until('khien-dnsd resolves again', async () => (await rcode()) === 'NOERROR', { everyMs: 1 });
  await killBoth();
  await stack.startDnsd();
  assert.equal(await rcode(), 'NOERROR');
  assert.match(stack.log('khien-dnsd'), /journal_replayed records="[1-9]/);
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
