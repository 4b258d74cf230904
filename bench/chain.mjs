#!/usr/bin/env node
// From the second signature to NXDOMAIN at khien-dnsd, Unbound and BIND, and from the lift to an answer again: p50 and p99 in ms.
import { Client, draftFromReport } from '../tests/e2e/client.mjs';
import { Stack, dig, until } from '../tests/e2e/stack.mjs';

const rounds = Number(process.env.ROUNDS ?? 20);
const resolvers = ['dns', 'unbound', 'bind'];
const label = { dns: 'khien_dnsd', unbound: 'unbound', bind: 'bind' };
const times = { block: { dns: [], unbound: [], bind: [] }, lift: { dns: [], unbound: [], bind: [] } };

const percentile = (values, p) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)];
};

const stack = new Stack();
try {
  await stack.start();
  const code = (user) => stack.code(user);
  const people = JSON.parse(await stack.ctl('demo', 'users', '--json'));
  const signIn = (role) => {
    const person = people.find((one) => one.roles.includes(role));
    return new Client(stack.url, code).signIn(person.login, person.password).then((client) => client.addPasskey());
  };
  const [analyst, approver, duty] = await Promise.all(['analyst', 'approver', 'duty_operator'].map(signIn));

  const took = { block: {}, lift: {} };
  const measure = async (kind, name, wanted) => {
    const begin = performance.now();
    await Promise.all(
      resolvers.map(async (which) => {
        await until(`${which} ${kind} ${name}`, async () => (await dig(stack.ports[which], name)).rcode === wanted, { everyMs: 5 });
        took[kind][which] = performance.now() - begin;
      }),
    );
  };
  // Round 0 counts for nothing: the secondaries have just started and are still loading their zones.
  for (let i = 0; i <= rounds; i++) {
    // Names that the demo authority has: what is not there would be NXDOMAIN anyway.
    const name = ['ngan-hang-uu-dai.example', 'trung-thuong-xe-may.example'][i % 2];
    const { order } = await draftFromReport(stack, analyst, name);
    await analyst.sign(order, 'propose');
    await approver.sign(order, 'approve');
    await measure('block', name, 'NXDOMAIN');
    await duty.move(order, 'lift', { reason: 'Đo tốc độ gỡ chặn' });
    await measure('lift', name, 'NOERROR');
    console.error(`round ${i} of ${rounds}: ${resolvers.map((r) => `${r} ${Math.round(took.block[r])}/${Math.round(took.lift[r])} ms`).join(', ')}`);
    if (i > 0) for (const kind of ['block', 'lift']) for (const which of resolvers) times[kind][which].push(took[kind][which]);
  }
} finally {
  await stack.stop();
}
for (const kind of ['block', 'lift']) {
  for (const which of resolvers) {
    for (const p of [50, 99]) {
      console.log(`chain_${kind}_${label[which]}_p${p} ${percentile(times[kind][which], p).toFixed(0)} ms`);
    }
  }
}
