// What docs/publish/isp.md tells an ISP to write into its resolver, as khienctl prints it, in the four resolvers that ISPs run: each follows khiend, blocks
// a name after the second signature and resolves it after the lift. Unbound and BIND are told (NOTIFY); PowerDNS Recursor and Knot Resolver ask.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Client, draftFromReport } from './client.mjs';
import { dig, root, Stack, until } from './stack.mjs';

const host = 'ngan-hang-uu-dai.example';
const beside = 'ngan-hang.example';
const resolvers = ['dns', 'unbound', 'bind', 'powerdns', 'kresd'];
const stack = new Stack();
const people = {};
let order;

async function everywhere(what, holds) {
  const took = await Promise.all(
    resolvers.map(async (which) => {
      const { ms } = await until(`${which}: ${what}`, async () => holds(await dig(stack.ports[which], host)), { limitMs: 30_000 });
      return `${which} ${ms} ms`;
    }),
  );
  console.log(`${what}: ${took.join(', ')}`);
}

before(async () => {
  await stack.start();
  await stack.startPowerdns();
  await stack.startKnotResolver();
  for (const login of ['lan', 'hoa', 'duc']) {
    people[login] = await new Client(stack.url, (user) => stack.code(user)).signIn(login, 'khien-demo-2026');
  }
  await people.lan.addPasskey();
  await people.hoa.addPasskey();
});
after(() => stack.stop());

test('the page shows the lines that khienctl prints', () => {
  const page = readFileSync(join(root, 'docs/publish/isp.md'), 'utf8');
  for (const [kind, lines] of Object.entries(stack.configurations)) {
    // Addresses, ports and folders are the machine's own: of each line its words are compared.
    const words = (line) => line.replace(/"[^"]*"|'[^']*'|[\d.]+[@:]\d+|\b\d+(\.\d+){3}\b|\/\S+/g, '').replace(/[\s\d]+/g, ' ').trim();
    const shown = new Set(page.split('\n').map(words));
    for (const line of lines.split('\n').filter(Boolean)) {
      if (/orders-(?!phishing)|^\/\/ zones/.test(line)) continue;
      assert.ok(shown.has(words(line)), `${kind}: the page lacks "${line}"`);
    }
  }
});

test('a name is blocked in all of them after the second signature, and what is beside it is not', async () => {
  await everywhere('resolves', ({ rcode }) => rcode === 'NOERROR');
  ({ order } = await draftFromReport(stack, people.lan, host));
  await people.lan.sign(order, 'propose');
  await people.hoa.sign(order, 'approve');
  await everywhere('blocked', ({ rcode }) => rcode === 'NXDOMAIN');
  for (const which of resolvers) assert.equal((await dig(stack.ports[which], beside)).rcode, 'NOERROR', which);
});

test('and resolves in all of them after the lift', async () => {
  const { version } = await people.duc.get(`/api/v1/orders/${order.id}`);
  await people.duc.post(`/api/v1/orders/${order.id}/lift`, { version, reason: 'Diễn tập xong' });
  await everywhere('resolves again', ({ rcode }) => rcode === 'NOERROR');
});

test('the file for Knot Resolver is whole at each instant, and is left alone while khiend is away', async () => {
  const file = join(stack.folder, 'knot-resolver', 'orders-phishing.rpz');
  const before_ = readFileSync(file, 'utf8');
  await stack.end('khiend');
  await until('the follower has met it', () => /trying again/.test(stack.log('follow-orders-phishing')));
  assert.equal(readFileSync(file, 'utf8'), before_);
  assert.ok(!existsSync(`${file}.tmp`));
  for (const which of resolvers) assert.equal((await dig(stack.ports[which], beside)).rcode, 'NOERROR', which);
});
