// kill -9 of a whole khiend, again and again, at any instant around a second signature or a lift, while a secondary takes the
// zone all along. What was acknowledged is served afterwards, what was lifted is not, and no serial ever stands for two contents.
// KHIEN_KILLS: how often (30); `./khien soak` does it 1,000 times. KHIEN_SEED repeats a run.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Client, draftFromReport } from './client.mjs';
import { dig, sleep, Stack, until } from './stack.mjs';

const kills = Number(process.env.KHIEN_KILLS ?? 30);
const seed = Number(process.env.KHIEN_SEED ?? Date.now() % 1_000_000);
const zone = 'orders-phishing.rpz.khien';
const killWithinMs = 120;
const stack = new Stack();

before(async () => {
  await stack.start({ resolvers: [] });
  await stack.ctl('zone', 'follower', 'add', 'unbound', '--name', 'observer', '--primary', `127.0.0.1:${stack.ports.zones}`,
    '--address', `127.0.0.1:${stack.ports.unbound}`, '--folder', stack.folder, '--zones', 'orders');
});
let observer;
after(async () => {
  await observer?.stop();
  await stack.stop();
});

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function chance(from) {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The zone as its primary gives it out now: { serial, names }; nothing while it is away or breaks off. */
async function transfer() {
  const { text } = await dig(stack.ports.zones, zone, 'AXFR', '+onesoa', '+nottlid', '+noall', '+answer', '+comments');
  const soas = [...text.matchAll(/\sSOA\s+\S+\s+\S+\s+(\d+)\s/g)];
  if (soas.length !== 1 || !/status: NOERROR|^;; XFR size/m.test(text)) return undefined;
  const names = [...text.matchAll(/^(\S+)\.orders-phishing\.rpz\.khien\.\s+IN\s+CNAME/gm)].map(([, name]) => name);
  return { serial: Number(soas[0][1]), names: new Set(names), digest: createHash('sha256').update(names.sort().join(' ')).digest('hex') };
}

/** Takes the zone without a pause, and says what it saw. */
class Observer {
  digests = new Map();
  faults = [];
  #last;
  #isStopping = false;
  #done = this.#run();

  async #run() {
    while (!this.#isStopping) {
      const seen = await transfer();
      if (!seen) {
        await sleep(5);
        continue;
      }
      const before = this.digests.get(seen.serial);
      if (before && before !== seen.digest) this.faults.push(`serial ${seen.serial} stands for two contents`);
      if (this.#last !== undefined && ((seen.serial - this.#last) | 0) < 0) this.faults.push(`serial ${seen.serial} after ${this.#last}`);
      this.digests.set(seen.serial, seen.digest);
      this.#last = seen.serial;
    }
  }
  async stop() {
    this.#isStopping = true;
    await this.#done;
  }
}

test(`${kills} kills lose nothing and reuse no serial (KHIEN_SEED=${seed})`, { timeout: 120_000 + kills * 10_000 }, async () => {
  const random = chance(seed);
  const signIn = async (login) => (await new Client(stack.url, (user) => stack.code(user)).signIn(login, 'khien-demo-2026')).addPasskey();
  const analyst = await signIn('lan');
  const approver = await signIn('hoa');
  const duty = await signIn('duc');
  const first = (await draftFromReport(stack, analyst, 'ngan-hang-uu-dai.example')).order;
  const full = await analyst.get(`/api/v1/orders/${first.id}`);
  observer = new Observer();
  /** name: { order, acknowledged: 'in' | 'out' | undefined } */
  const standing = new Map();
  let lost = 0;
  let acknowledged = 0;
  let slowest = 0;
  let released = 0;

  for (let round = 0; round < kills; round++) {
    const name = `giet-${round}.example`;
    const order = await analyst.post('/api/v1/orders', {
      case_id: full.case_id, category: 'phishing', ground_id: full.ground.id, name, scope: 'domain',
      evidence_ids: full.evidence.map(({ id }) => id), valid_until_ms: full.valid_until_ms, reason: full.reason,
    });
    await analyst.sign(order, 'propose');
    const said = { order, acknowledged: undefined };
    standing.set(name, said);
    // A signature, and beside it the lift of one that stands; then the process dies in the middle of it.
    const lifted = [...standing.values()].find((one) => one.acknowledged === 'in');
    const moves = [approver.sign(order, 'approve').then(() => (said.acknowledged = 'in'))];
    if (lifted) {
      lifted.acknowledged = undefined;
      moves.push(duty.move(lifted.order, 'lift', { reason: 'Gỡ giữa lúc máy chủ bị ngắt' }).then(() => (lifted.acknowledged = 'out')));
    }
    const settled = Promise.allSettled(moves);
    await sleep(random() * killWithinMs);
    await stack.end('khiend', 'SIGKILL');
    await settled;
    acknowledged += said.acknowledged === 'in';
    slowest = Math.max(slowest, await stack.startKhiend());

    // What the register says after the kill is what the zone must come to; and it may not say less than was acknowledged.
    const wanted = new Map();
    for (const [known, one] of standing) {
      const inForce = (await analyst.get(`/api/v1/orders/${one.order.id}`)).in_force;
      if (one.acknowledged && inForce !== (one.acknowledged === 'in')) lost++;
      if (!inForce && one.acknowledged !== 'in') standing.delete(known);
      else one.acknowledged = 'in';
      wanted.set(known, inForce);
    }
    await until(`the zone is as the register after kill ${round}`, async () => {
      // So many orders in ten minutes are a burst, which the gate holds for a person: that is us.
      for (const { id } of JSON.parse(await stack.ctl('publish', 'held', '--json')).items) {
        await stack.ctl('publish', 'release', String(id));
        released++;
      }
      const now = await transfer();
      return now && [...wanted].every(([known, inForce]) => now.names.has(known) === inForce);
    });
  }
  await observer.stop();
  console.log(`${kills} kills (seed ${seed}): ${acknowledged} signatures acknowledged before the kill, ${lost} lost; ${observer.digests.size} serials seen, ` +
    `${observer.faults.length} of them for two contents or going back; khiend healthy again after at most ${slowest} ms; ${released} bursts released`);
  assert.equal(lost, 0);
  assert.deepEqual(observer.faults, []);
  assert.ok(observer.digests.size > kills / 3, 'the observer saw the zone change');
  await stack.ctl('ledger', 'verify');
});
