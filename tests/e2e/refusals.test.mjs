// What must not work, tried on the real thing: orders that nobody may propose, one's own signature, sessions and tokens that
// are none, bodies that are too large, zone transfers by strangers. A refusal says why, and nothing gets blocked.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Client, draftFromReport, Refused } from './client.mjs';
import { faults, note } from './contract.mjs';
import { dig, Stack } from './stack.mjs';

const run = promisify(execFile);
const host = 'ngan-hang-uu-dai.example';
const password = 'khien-demo-2026';
const stack = new Stack();
Client.watch = note;
let analyst;
let leader;

const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);

before(async () => {
  await stack.start({ resolvers: [] });
  analyst = await (await signIn('lan')).addPasskey();
  leader = await (await signIn('hoa')).addPasskey();
});
after(() => stack.stop());

/** The Refused that `attempt` ends in; fails if it succeeds. */
async function refusal(what, attempt) {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  assert.fail(`${what}: was not refused`);
}

/** Drafts and proposes; whichever refuses first, refuses. */
const propose = (overrides) => async () => {
  const { order } = await draftFromReport(stack, analyst, host, overrides);
  await analyst.sign(order, 'propose');
};

const names = {
  'a public suffix': 'com.vn',
  'a name that everybody uses': 'google.com',
  'a content network': 'cloudflare.com',
  'an address': '192.0.2.10',
};
for (const [what, name] of Object.entries(names)) {
  test(`nobody can order ${what}`, async () => {
    const { status, problem } = await refusal(name, propose({ name }));
    assert.ok(status >= 400 && status < 500, `${name}: ${status}`);
    assert.notEqual(problem.reason, '', `${name}: says why`);
    console.log(`${name}: ${status} ${problem.reason}`);
  });
}

const day = 86_400_000;
const drafts = {
  'no category': { category: undefined },
  'a category that does not exist': { category: 'opinion' },
  'a network choice as category': { category: 'choice-ads' },
  'no legal ground': { ground_id: undefined },
  'a legal ground that does not exist': { ground_id: '01JD8Z7Q4M0000000000000000' },
  'no evidence': { evidence_ids: [] },
  'no end date': { valid_until_ms: undefined },
  'an end date past the category’s maximum': { valid_until_ms: Date.now() + 400 * day },
  'an end date that has passed': { valid_until_ms: Date.now() - day },
};
for (const [what, overrides] of Object.entries(drafts)) {
  test(`nobody can order with ${what}`, async () => {
    const { status, problem } = await refusal(what, propose(overrides));
    assert.ok(status >= 400 && status < 500, `${what}: ${status}`);
    console.log(`${what}: ${status} ${problem.reason || problem.message}`);
  });
}

test('nobody approves their own order, and one signature blocks nothing', async () => {
  const { order } = await draftFromReport(stack, analyst, host);
  await analyst.sign(order, 'propose');
  const { status } = await refusal('own order', () => analyst.sign(order, 'approve'));
  assert.equal(status, 403);
  assert.equal((await dig(stack.ports.dns, host)).rcode, 'NOERROR');
  await leader.move(order, 'refuse', { reason: 'Chỉ để thử' });
});

test('a session that is none opens nothing', async () => {
  const stranger = new Client(stack.url);
  assert.equal((await refusal('no session', () => stranger.get('/api/v1/cases'))).status, 401);
  const response = await fetch(`${stack.url}/api/v1/cases`, { headers: { Cookie: 'khien_session=AAAAAAAAAAAAAAAAAAAAAA' } });
  assert.equal(response.status, 401);
});

test('a session that was signed out opens nothing', async () => {
  const officer = await signIn('minh');
  await officer.call('DELETE', '/api/v1/session');
  assert.equal((await refusal('signed out', () => officer.get('/api/v1/cases'))).status, 401);
});

test('a forged CSRF token changes nothing', async () => {
  const { order } = await draftFromReport(stack, analyst, host);
  const forged = await refusal('csrf', () =>
    analyst.call('POST', `/api/v1/orders/${order.id}/lift`, { version: order.version, reason: 'forged' }, { 'X-CSRF-Token': 'A'.repeat(43) }),
  );
  assert.equal(forged.status, 403);
  assert.equal(forged.problem.reason, 'csrf');
});

test('a body of 10 MB is refused', async () => {
  const response = await fetch(`${stack.url}/api/v1/reports`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: stack.url },
    body: JSON.stringify({ text: 'a'.repeat(10 << 20) }),
  }).catch((error) => ({ status: 413, closed: error })); // it may close before it has read everything
  assert.equal(response.status, 413);
});

test('a stranger gets no zone, and a wrong key gets none', async () => {
  const transfer = async (...options) => {
    const { stdout } = await run('dig', ['+tries=1', '+time=3', '@127.0.0.1', '-p', String(stack.ports.zones), ...options, 'orders-phishing.rpz.khien.', 'AXFR']).catch(
      (error) => ({ stdout: error.stdout ?? '' }),
    );
    return stdout;
  };
  const wrong = await transfer('-y', 'hmac-sha256:khien-dnsd:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=');
  assert.doesNotMatch(wrong, /IN\s+SOA/);
  const none = await transfer();
  assert.doesNotMatch(none, /IN\s+SOA/);
});

test('a follower over TLS is added with the pin of its key, and not with what is no pin', async () => {
  const pin = createHash('sha256').update('its key').digest('base64');
  const add = (...pins) =>
    stack.ctl('zone', 'follower', 'add', 'bind', '--name', 'isp-tls', '--address', '192.0.2.53:53', '--folder', stack.folder, ...pins.flatMap((one) => ['--pin', one]));
  await add(pin);
  const followers = JSON.parse(readFileSync(join(stack.state, 'followers.json'), 'utf8'));
  assert.deepEqual(followers.find(({ name }) => name === 'isp-tls').pins, [pin]);
  assert.match(await stack.ctl('zone', 'follower', 'list'), /isp-tls +key, pin/);
  await assert.rejects(add('no pin'), /read --pin: a pin is the base64 of a SHA-256/);
  await assert.rejects(add(...Array(9).fill(pin)), /--pin/);
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
