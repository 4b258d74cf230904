#!/usr/bin/env node
// From the second signature to NXDOMAIN at khien-dnsd, Unbound and BIND, and from the lift to an answer again, p50 and p99 in ms; then the same from a commit in knotd.
// Beside the orders lies a list of FEED_NAMES names (0), each with all below it: twice as many records. ROUNDS (20). ONLY=khiend or knotd for one primary.
//   chain_block_…, chain_lift_…            khiend: from the answer to the second signature, or to the lift
//   chain_knotd_block_…, …_lift_…          knotd as primary with the same zones, from the start of its commit
//   chain_list_loaded, chain_khiend_rss    until the list stands in khiend; its memory at the end
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, draftFromReport } from '../tests/e2e/client.mjs';
import { dig, sleep, Stack, until } from '../tests/e2e/stack.mjs';
import { KnotPrimary } from '../tests/e2e/knot_primary.mjs';

const rounds = Number(process.env.ROUNDS ?? 20);
const feedNames = Number(process.env.FEED_NAMES ?? 0);
const only = process.env.ONLY;
const resolvers = ['dns', 'unbound', 'bind'];
const label = { dns: 'khien_dnsd', unbound: 'unbound', bind: 'bind' };
// Names that the demo authority has: what is not there would be NXDOMAIN anyway.
const subjects = ['ngan-hang-uu-dai.example', 'trung-thuong-xe-may.example'];
const loadLimitMs = 900_000;
/** Between two changes: within 50 ms of a NOTIFY the next change waits (publish/notifier.h), which is not what is measured here. */
const restMs = 200;

const percentile = (values, p) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)];
};
const figure = (name, value, unit) => console.log(`chain_${name} ${value.toFixed(0)} ${unit}`);

/** Distinct names, the same each time. */
function listedName(i) {
  return `${((i * 2654435761) % 2 ** 32).toString(36)}-${i.toString(36)}.example`;
}
async function writeLines(file, lines) {
  const out = createWriteStream(file);
  for (const line of lines) if (!out.write(`${line}\n`)) await new Promise((done) => out.once('drain', done));
  await new Promise((done) => out.end(done));
}
function* listedNames() {
  for (let i = 0; i < feedNames; i++) yield listedName(i);
}

/** Rounds of block() and lift() of the subjects; what each resolver took, printed as p50 and p99. */
async function measure(prefix, ports, block, lift) {
  const times = { block: { dns: [], unbound: [], bind: [] }, lift: { dns: [], unbound: [], bind: [] } };
  const wait = async (kind, name, wanted, begin) => {
    const took = {};
    await Promise.all(
      resolvers.map(async (which) => {
        await until(`${which} ${kind} ${name}`, async () => (await dig(ports[which], name)).rcode === wanted, { everyMs: 5 });
        took[which] = performance.now() - begin;
      }),
    );
    return took;
  };
  // Round 0 counts for nothing: the secondaries have just started.
  for (let i = 0; i <= rounds; i++) {
    const name = subjects[i % 2];
    await sleep(restMs);
    const blocked = await wait('block', name, 'NXDOMAIN', await block(name));
    await sleep(restMs);
    const lifted = await wait('lift', name, 'NOERROR', await lift(name));
    console.error(`${prefix}round ${i} of ${rounds}: ${resolvers.map((r) => `${r} ${Math.round(blocked[r])}/${Math.round(lifted[r])} ms`).join(', ')}`);
    if (i === 0) continue;
    for (const which of resolvers) {
      times.block[which].push(blocked[which]);
      times.lift[which].push(lifted[which]);
    }
  }
  for (const kind of ['block', 'lift']) {
    for (const which of resolvers) {
      for (const p of [50, 99]) figure(`${prefix}${kind}_${label[which]}_p${p}`, percentile(times[kind][which], p), 'ms');
    }
  }
}

async function loadList(stack, analyst, approver) {
  const folder = join(stack.state, 'feeds');
  mkdirSync(folder, { recursive: true });
  await writeLines(join(folder, 'bench.txt'), listedNames());
  const feed = await analyst.post('/api/v1/feeds', {
    name: 'bench', source: 'bench.txt', format: 'domains', category: 'fraud', scope: 'domain', licence: '', entries_max: feedNames + 1_000,
    change_max_percent: 5, interval_s: 86_400, valid_until_ms: Date.now() + 90 * 86_400_000, reason: 'Danh sách để đo',
  });
  const begin = performance.now();
  await approver.post(`/api/v1/feeds/${feed.id}/approve`, { version: feed.version });
  await until('the list stands', async () => {
    const { items } = await approver.get('/api/v1/feeds');
    const now = items.find((one) => one.id === feed.id);
    if (now.last_run?.state === 'failed') throw new Error(JSON.stringify(now.last_run.problem));
    return now.state === 'active' && now.entries >= feedNames;
  }, { limitMs: loadLimitMs, everyMs: 500 });
  await until('khien-dnsd has it', async () => (await dig(stack.ports.dns, listedName(feedNames - 1))).ede.includes('Blocked'), { limitMs: loadLimitMs, everyMs: 500 });
  figure('list_loaded', performance.now() - begin, 'ms');
}

async function measureKhien() {
  const stack = new Stack();
  try {
    if (feedNames > 0) stack.followedZones = 'emergency,orders,feeds-fraud';
    await stack.start({ resolvers: [] });
    const people = JSON.parse(await stack.ctl('demo', 'users', '--json'));
    const signIn = (role) => {
      const person = people.find((one) => one.roles.includes(role));
      return new Client(stack.url, (user) => stack.code(user)).signIn(person.login, person.password).then((client) => client.addPasskey());
    };
    const [analyst, approver, duty] = await Promise.all(['analyst', 'approver', 'duty_operator'].map(signIn));
    if (feedNames > 0) await loadList(stack, analyst, approver);
    await stack.startUnbound({ limitMs: loadLimitMs });
    await stack.startBind({ limitMs: loadLimitMs });
    if (feedNames > 0) {
      for (const which of ['unbound', 'bind']) {
        await until(`${which} has the list`, async () => (await dig(stack.ports[which], listedName(feedNames - 1))).rcode === 'NXDOMAIN' && (await dig(stack.ports[which], `a.${listedName(0)}`)).rcode === 'NXDOMAIN', { limitMs: loadLimitMs, everyMs: 500 });
      }
    }
    let order;
    await measure('', stack.ports, async (name) => {
      ({ order } = await draftFromReport(stack, analyst, name));
      await analyst.sign(order, 'propose');
      await approver.sign(order, 'approve');
      return performance.now();
    }, async () => {
      await duty.move(order, 'lift', { reason: 'Đo tốc độ gỡ chặn' });
      return performance.now();
    });
    const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${stack.pid('khiend')}/status`, 'utf8'))[1];
    figure('khiend_rss', rss / 1024, 'MiB');
  } finally {
    await stack.stop();
  }
}

async function measureKnotd() {
  const knot = new KnotPrimary();
  try {
    await knot.start({ names: listedNames, lastName: feedNames > 0 ? listedName(feedNames - 1) : undefined, limitMs: loadLimitMs });
    const change = async (verb, name) => {
      const begin = performance.now();
      knot.change(verb, name);
      return begin;
    };
    await measure('knotd_', knot.ports, (name) => change('set', name), (name) => change('unset', name));
  } finally {
    await knot.stop();
  }
}

if (only !== 'knotd') await measureKhien();
if (only !== 'khiend') await measureKnotd();
