// The drill: khiend is backed up while orders are signed, dies, and is restored into an empty database and a new state folder,
// on both engines. What the backup holds is there; what came after it is said aloud and proven by the log; followers go on.
import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client, draftFromReport, Refused } from './client.mjs';
import { faults, note } from './contract.mjs';
import { dig, Stack, until } from './stack.mjs';

const password = 'khien-demo-2026';
const first = 'ngan-hang-uu-dai.example';
const late = 'trung-thuong-xe-may.example';
const renewed = 'nhan-qua.example';
Client.watch = note;

for (const engine of ['sqlite', 'postgresql']) {
  describe(`backup and restore on ${engine}`, () => {
    const stack = new Stack({ engine });
    const resolvers = ['dns', 'bind'];
    const officers = {};
    const orders = {};
    let serial = 0;

    const signIn = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);
    const everywhere = (name, rcode) =>
      Promise.all(resolvers.map((which) => until(`${which}: ${name} is ${rcode}`, async () => (await dig(stack.ports[which], name)).rcode === rcode)));
    const serialOf = async () => Number((await dig(stack.ports.dns, 'orders-phishing.rpz.khien', 'SOA')).answers[0]?.split(' ')[2] ?? 0);
    const block = async (name) => {
      const drafted = await draftFromReport(stack, officers.lan, name);
      await officers.lan.sign(drafted.order, 'propose');
      await officers.hoa.sign(drafted.order, 'approve');
      orders[name] = { ...drafted, id: drafted.order.id };
    };
    /** The order's item, and that its content can still be had (it is hashed again on the way out). */
    const evidenceOf = async (id) => {
      const { evidence: [item] } = await officers.lan.get(`/api/v1/orders/${id}`);
      const content = await officers.lan.get(`/api/v1/evidence/${item.id}/content`);
      return { id: item.id, sha256: item.sha256, content };
    };

    before(async () => {
      await stack.start({ resolvers: ['bind'] });
      officers.lan = await (await signIn('lan')).addPasskey();
      officers.hoa = await (await signIn('hoa')).addPasskey();
    });
    after(() => stack.stop());

    test('a backup is made while orders are signed', async () => {
      await block(first);
      await everywhere(first, 'NXDOMAIN');
      const [said] = await Promise.all([stack.ctl('backup', join(stack.folder, 'backup')), block('khuyen-mai.example')]);
      assert.match(said, /STATE\/keys[^]*STATE\/evidence[^]*STATE\/ledger/);
      orders[first].evidence = await evidenceOf(orders[first].id);
      await block(late);
      await everywhere(late, 'NXDOMAIN');
      serial = await serialOf();
      await until('every leaf has its place', async () => /; 0 wait for their place/.test(await stack.ctl('ledger', 'verify')));
    });

    test('it is restored into an empty database and a new state folder', async () => {
      const old = { state: stack.state, database: stack.database };
      // Nobody restores under a running khiend.
      await assert.rejects(stack.ctl('restore', join(stack.folder, 'backup')), /khiend is running/);
      await stack.end('khiend', 'SIGKILL');
      await assert.rejects(stack.ctl('restore', join(stack.folder, 'backup')), /not empty|has tables/);

      await stack.begin('khien-again');
      for (const part of ['keys', 'evidence', 'ledger', 'zones', 'followers.json']) {
        cpSync(join(old.state, part), join(stack.state, part), { recursive: true });
      }
      const said = await stack.ctl('restore', join(stack.folder, 'backup'));
      assert.match(said, /THE BACKUP IS OLDER THAN THE LOG/);
      assert.match(said, /khienctl ledger adopt/);
      assert.ok(!existsSync(join(stack.state, 'zones')), 'the zones of the time after the backup are set aside');

      // Had they stayed, khiend would say so and not start.
      const aside = join(stack.state, readdirSync(stack.state).find((name) => name.startsWith('zones.before-restore-')));
      renameSync(aside, join(stack.state, 'zones'));
      assert.match(await stack.khiendRefuses(), /Move STATE\/zones aside/);
      rmSync(join(stack.state, 'zones'), { recursive: true });
      await stack.startKhiend();
    });

    test('what the backup holds is there: orders, register, evidence, sessions', async () => {
      const order = await officers.lan.get(`/api/v1/orders/${orders[first].id}`);
      assert.equal(order.name, first);
      assert.equal(order.signatures.length, 2);
      assert.ok(order.in_force);
      const page = await (await fetch(`${stack.url}/register`)).text();
      assert.ok(page.includes(first) && !page.includes(late));
      assert.deepEqual(await evidenceOf(orders[first].id), orders[first].evidence);
    });

    test('the log stands still until a person has seen what was lost, and then goes on without a fork', async () => {
      await assert.rejects(stack.ctl('ledger', 'verify'), /the database lacks leaves/);
      const said = await stack.ctl('ledger', 'adopt');
      assert.match(said, new RegExp(`order\\.approved +${orders[late].id}`));
      assert.match(said, /decide\s+them again/);
      await until('the log holds again', async () => /; 0 wait for their place/.test(await stack.ctl('ledger', 'verify')));
      await assert.rejects(officers.lan.get(`/api/v1/orders/${orders[late].id}`), (error) => error instanceof Refused && error.status === 404);
    });

    test('followers go on: serials rise, what was lost is lifted, what is signed anew is blocked', async () => {
      await everywhere(first, 'NXDOMAIN');
      await everywhere(late, 'NOERROR');
      await block(renewed);
      await everywhere(renewed, 'NXDOMAIN');
      assert.ok((await serialOf()) > serial, `serial ${await serialOf()} after ${serial}`);
      await officers.lan.get(`/api/v1/register/${orders[renewed].id}`);
      await until('the new leaves have their places', async () => /; 0 wait for their place/.test(await stack.ctl('ledger', 'verify')));
    });
  });
}

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
