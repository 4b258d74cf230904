// Two khiend on one PostgreSQL: one leads, the other has the same zones under the same serials, and goes on within seconds when
// the first is killed. khien-dnsd, Unbound, BIND and Knot Resolver follow both. KHIEN_PAIR_ROUNDS: kills at random times (default 2).
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Officer, openBrowser } from './browser.mjs';
import { Client, draftFromReport, refusal } from './client.mjs';
import { faults, note } from './contract.mjs';
import { dig, Stack, until } from './stack.mjs';

const run = promisify(execFile);
const password = 'khien-demo-2026';
const resolvers = ['dns', 'unbound', 'bind', 'kresd'];
const zone = 'orders-phishing.rpz.khien';
const limitMs = 30_000; // for what takes some seconds; what it took is printed
const stack = new Stack({ engine: 'postgresql' });
Client.watch = note;

/** The two by name: how each is killed, started and spoken to. */
const publishers = {
  a: {
    process: 'khiend',
    url: () => stack.url,
    zones: () => ['127.0.0.1', stack.ports.zones],
    start: () => stack.startKhiend(),
  },
  b: {
    process: 'khiend-second',
    url: () => stack.secondUrl,
    zones: () => [stack.second.address, stack.second.ports.zones],
    start: () => stack.startSecondKhiend(['--pair', 'b']),
  },
};
const otherOf = (name) => (name === 'a' ? 'b' : 'a');

/** Officers, each with a session and a passkey at both. */
const officers = {};
async function signIn(login) {
  const first = await new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
  const second = first.at(stack.secondUrl);
  officers[login] = { a: await first.addPasskey(), b: await second.addPasskey() };
}

/** What the zone is at one publisher: its serial, and its records in order. */
async function transfer(name) {
  const [address, port] = publishers[name].zones();
  const { stdout } = await run('dig', [
    '+tries=1', '+time=2', '+onesoa', '-k', join(stack.state, 'keys/khien-dnsd.key'), `@${address}`, '-p', String(port), zone, 'AXFR',
  ], { maxBuffer: 64 << 20 }).catch((error) => ({ stdout: error.stdout ?? '' }));
  const lines = stdout.split('\n').filter((line) => /^\S+\s+\d+\s+IN\s/.test(line) && !/TSIG/.test(line));
  const serial = Number(/\sSOA\s+\S+\s+\S+\s+(\d+)/.exec(stdout)?.[1]);
  return { serial, records: lines.map((line) => line.replaceAll(/\s+/g, ' ')).sort().join('\n') };
}
const roleOf = async (name) => (await officers.hoa[name].get('/api/v1/publication')).pair;
const rcode = async (which, name) => (await dig(stack.ports[which], name)).rcode;
const blocksEverywhere = (name) =>
  Promise.all(resolvers.map((which) => until(`${which} blocks ${name}`, async () => (await rcode(which, name)) === 'NXDOMAIN', { limitMs })));
const same = () =>
  until('both serve the same', async () => {
    const [a, b] = await Promise.all([transfer('a'), transfer('b')]);
    return a.records !== '' && a.records === b.records && a;
  }, { limitMs });
const leads = (name) => until(`${name} leads`, async () => (await roleOf(name)).role === 'leads', { limitMs });
const follows = (name) => until(`${name} follows`, async () => (await roleOf(name)).role === 'follows', { limitMs });
/** One leads and the other follows, whichever: a leader that is back within a lease's time goes on leading. */
const isPair = () =>
  until('one leads and the other follows', async () => {
    const roles = await Promise.all([roleOf('a'), roleOf('b')]);
    return roles.map(({ role }) => role).sort().join() === 'follows,leads';
  }, { limitMs });

let count = 0;
/** An order with its first signature, made at `name`. */
async function proposed(name) {
  const host = `ngan-hang-${++count}-uu-dai.example`;
  const { order } = await draftFromReport({ url: publishers[name].url() }, officers.lan[name], host);
  await officers.lan[name].sign(order, 'propose');
  return { host, order };
}
const approve = ({ order }, name) => officers.hoa[name].sign(order, 'approve');

/** By serial, the records that anybody was ever shown under it. */
const shown = new Map();
function remember({ serial, records }, where) {
  if (!records) return;
  const known = shown.get(serial);
  assert.ok(known === undefined || known === records, `serial ${serial} has another content at ${where}`);
  shown.set(serial, records);
}
/** Looks at both all the time until it is stopped. */
function watch() {
  let goes = true;
  let fault;
  const looking = (async () => {
    while (goes) {
      for (const name of ['a', 'b']) {
        try {
          remember(await transfer(name), name);
        } catch (error) {
          fault ??= error;
        }
      }
    }
  })();
  const stop = async () => {
    goes = false;
    watches.delete(stop);
    await looking;
    if (fault) throw fault;
  };
  watches.add(stop);
  return stop;
}

before(async () => {
  await stack.choosePorts();
  await stack.begin('khien');
  await stack.startAuthority({ everyName: true });
  stack.khiendExtra = ['--pair', 'a'];
  await stack.startKhiend();
  stack.copyKeysToSecond();
  await stack.startSecondKhiend(['--pair', 'b']);
  await stack.startDnsd();
  await stack.startUnbound();
  await stack.startBind();
  await stack.startKnotResolver();
  stack.copyKeysToSecond(); // with the followers that were added since
  for (const login of ['lan', 'hoa', 'duc']) await signIn(login);
});
const watches = new Set();
after(async () => {
  for (const stop of watches) await stop().catch(() => {});
  await stack.stop();
});

test('one leads, the other follows, and followers take from both', async () => {
  assert.equal((await roleOf('a')).role, 'leads');
  await follows('b');
  const one = await proposed('a');
  await approve(one, 'a');
  await blocksEverywhere(one.host);
  const { value } = await same();
  assert.match(value.records, new RegExp(one.host));
  remember(value, 'both');
  // What is signed at the one that follows is published by the one that leads.
  const two = await proposed('b');
  await approve(two, 'b');
  await blocksEverywhere(two.host);
  await same();
  await until('the followers agree', async () => (await roleOf('a')).others[0].followers_differ === false, { limitMs });
});

test('acts on publication are for the one that leads, and it says so', async () => {
  const duty = officers.duc.b;
  assert.equal(await refusal(() => duty.post('/api/v1/publication/stop', {})), '409 other_leads');
  const refused = await stack.ctlAt(stack.second.state(), 'publish', 'stop').catch((error) => error.stderr);
  assert.match(refused, /publisher "a" leads: do it there/);
});

test('the screen says which one leads and how far the other is, in Vietnamese on a desk and in English on a narrow telephone', async () => {
  const browser = await openBrowser();
  try {
    // Not who has signed in already: a code works once.
    for (const [login, options] of [['thu', {}], ['quang', { phone: true, language: 'en' }]]) {
      const officer = await Officer.signIn(browser, stack, login, password, options);
      if (options.phone) await officer.page.setViewportSize({ width: 320, height: 640 });
      await officer.page.goto('/app/publication');
      await officer.page.getByText(officer.say('app.publication.pair.leads', { name: 'a' })).waitFor();
      await officer.page.getByText(officer.say('app.publication.pair.current')).waitFor();
      assert.deepEqual(await officer.axe(), []);
      assert.ok(await officer.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'fits the width');
      await officer.picture(`publication-${options.language ?? 'vi'}`);
      assert.deepEqual(officer.problems, []);
      await officer.close();
    }
  } finally {
    await browser.close();
  }
});

test('a khiend that knows nothing of the pair is refused, and so are other keys', async () => {
  await stack.end('khiend-second');
  const refused = (state, ...more) =>
    stack.refusedKhiend(['--state', join(stack.folder, state), '--listen', '127.0.0.1:0', '--dns-listen', '127.0.0.1:0', ...more]);
  assert.match(await refused('alone'), /"a" leads on this database: start this one with --pair/);
  assert.match(await refused('other-keys', '--pair', 'c'), /different keys \(.*seal.*copy STATE\/keys/);
  await publishers.b.start();
  await follows('b');
});

test('kill -9 of who leads: a new order goes on, serials only rise, the killed one follows, lifts go on', async () => {
  const stop = watch();
  for (const leader of ['a', 'b']) {
    const survivor = otherOf(leader);
    await leads(leader);
    const order = await proposed(survivor);
    const before = await transfer(survivor);
    const begin = performance.now();
    await stack.end(publishers[leader].process, 'SIGKILL');
    await approve(order, survivor);
    const approved = Math.round(performance.now() - begin);
    const took = {};
    await Promise.all(
      resolvers.map(async (which) => {
        await until(`${which} blocks`, async () => (await rcode(which, order.host)) === 'NXDOMAIN', { limitMs });
        took[which] = Math.round(performance.now() - begin);
      }),
    );
    console.log(`${leader} killed: approved after ${approved} ms; blocked after the kill, ms: ${JSON.stringify(took)}`);
    const now = await transfer(survivor);
    assert.ok(now.serial > before.serial, `${before.serial} to ${now.serial}`);
    assert.equal((await roleOf(survivor)).role, 'leads');

    await publishers[leader].start();
    await follows(leader);
    await same();
    await officers.duc[survivor].move(order.order, 'lift', { reason: 'Kết thúc thử nghiệm' });
    for (const which of resolvers) {
      await until(`${which} resolves again`, async () => (await rcode(which, order.host)) === 'NOERROR', { limitMs });
    }
    await same();
  }
  await stop();
});

test('stopped in order, it hands over at once', async () => {
  const leader = (await roleOf('a')).role === 'leads' ? 'a' : 'b';
  const survivor = otherOf(leader);
  const before = await transfer(survivor);
  await stack.end(publishers[leader].process);
  const { ms } = await leads(survivor);
  console.log(`stopped in order: the other one leads ${ms} ms after its end`);
  assert.equal((await transfer(survivor)).serial, before.serial);
  await publishers[leader].start();
  await follows(leader);
});

test('killed at random times, again and again: nothing is lost and no serial has two contents', async () => {
  const rounds = Number(process.env.KHIEN_PAIR_ROUNDS ?? 2);
  const stop = watch();
  const hosts = [];
  for (let round = 0; round < rounds; round++) {
    const leader = (await roleOf('a')).role === 'leads' ? 'a' : 'b';
    const survivor = otherOf(leader);
    const order = await proposed(survivor);
    const wait = Math.floor(Math.random() * 400);
    console.log(`round ${round}: ${leader} is killed ${wait} ms after the second signature was sent`);
    const approving = approve(order, survivor);
    await new Promise((done) => setTimeout(done, wait));
    await stack.end(publishers[leader].process, 'SIGKILL');
    await approving;
    hosts.push(order.host);
    await blocksEverywhere(order.host);
    await publishers[leader].start();
    await isPair();
    const { value } = await same();
    for (const host of hosts) assert.match(value.records, new RegExp(`^${host}\\.${zone}`, 'm'), `${host} was lost`);
  }
  await stop();
  for (const host of hosts) await blocksEverywhere(host);
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
