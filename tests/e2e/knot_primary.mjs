// knotd as the primary of a list and of a zone of orders, with the same followers as khiend has in bench/chain.mjs: khien-dnsd,
// Unbound and BIND, set up alike. Everything is on loopback and in a folder of its own.
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dig, freePort, root, Stack, until } from './stack.mjs';

const program = (name) => ['/usr/sbin', '/usr/bin', '/sbin'].map((folder) => join(folder, name)).find(existsSync) ?? name;
const orders = 'orders.rpz.test';
const list = 'list.rpz.test';
const head = (zone) => `$ORIGIN ${zone}.
@ 60 IN SOA ns.${zone}. hostmaster.${zone}. 1 60 30 604800 30
@ 60 IN NS ns.${zone}.
`;

export class KnotPrimary {
  #folder = mkdtempSync(join(tmpdir(), 'khien-knot-'));
  #children = [];
  #authority = new Stack();
  ports = {};

  #spawn(name, path, args) {
    const log = openSync(join(this.#folder, `${name}.log`), 'a');
    const child = spawn(path, args, { stdio: ['ignore', log, log], cwd: this.#folder });
    child.on('exit', (code) => code > 0 && console.error(readFileSync(join(this.#folder, `${name}.log`), 'utf8').slice(-2_000)));
    this.#children.push(child);
  }
  #make(name) {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    return folder;
  }

  async #writeZones(names) {
    const folder = this.#make('primary');
    writeFileSync(join(folder, `${orders}.zone`), head(orders));
    const out = createWriteStream(join(folder, `${list}.zone`));
    out.write(head(list));
    for (const name of names()) {
      if (!out.write(`${name} 60 IN CNAME .\n*.${name} 60 IN CNAME .\n`)) await new Promise((done) => out.once('drain', done));
    }
    await new Promise((done) => out.end(done));
    return folder;
  }

  /** All that is asked of them: `lastName` must be blocked by each. */
  async start({ names, lastName, limitMs }) {
    for (const name of ['primary', 'dns', 'status', 'unbound', 'bind']) this.ports[name] = await freePort();
    await this.#authority.choosePorts();
    await this.#authority.startAuthority();
    this.ports.authority = this.#authority.ports.authority;
    const folder = await this.#writeZones(names);
    const told = ['dns', 'unbound', 'bind'];
    writeFileSync(join(folder, 'knot.conf'), `server:
    listen: 127.0.0.1@${this.ports.primary}
    rundir: "${folder}"
    pidfile: "${folder}/knot.pid"
database:
    storage: "${folder}"
remote:
${told.map((name) => `  - id: ${name}\n    address: 127.0.0.1@${this.ports[name]}\n`).join('')}acl:
  - id: transfer
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    storage: "${folder}"
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: changes
    notify: [ ${told.join(', ')} ]
    acl: transfer
zone:
  - domain: ${orders}
  - domain: ${list}
`);
    this.#control = join(folder, 'knot.sock');
    this.#spawn('primary', program('knotd'), ['-c', join(folder, 'knot.conf')]);
    for (const zone of [orders, list]) {
      await until(`knotd has ${zone}`, async () => (await dig(this.ports.primary, zone, 'SOA')).answers.length > 0, { limitMs, everyMs: 200 });
    }
    await this.#startFollowers();
    for (const which of told) {
      await until(`${which} resolves`, async () => (await dig(this.ports[which], 'ngan-hang.example')).rcode === 'NOERROR', { limitMs, everyMs: 200 });
      if (!lastName) continue;
      await until(`${which} has knotd's list`, async () => (await dig(this.ports[which], lastName)).rcode === 'NXDOMAIN' && (await dig(this.ports[which], `a.${lastName}`)).rcode === 'NXDOMAIN', { limitMs, everyMs: 500 });
    }
  }
  #control;

  async #startFollowers() {
    const primary = `127.0.0.1@${this.ports.primary}`;
    const dnsd = this.#make('dnsd');
    writeFileSync(join(dnsd, 'rpz.json'), JSON.stringify({
      zones: [[orders, 'phishing'], [list, 'fraud']].map(([zone, category]) => ({ zone, primary: `127.0.0.1:${this.ports.primary}`, category })),
    }));
    this.#spawn('dnsd', join(root, 'build/release/bin/khien-dnsd'), [
      '--listen', `127.0.0.1:${this.ports.dns}`, '--status', `127.0.0.1:${this.ports.status}`, '--rpz', join(dnsd, 'rpz.json'),
      '--snapshot', dnsd, '--upstream', `127.0.0.1:${this.ports.authority}`,
    ]);
    const unbound = this.#make('unbound');
    writeFileSync(join(unbound, 'unbound.conf'), `server:
  interface: 127.0.0.1@${this.ports.unbound}
  directory: "${unbound}"
  chroot: ""
  username: ""
  pidfile: "${unbound}/pid"
  use-syslog: no
  logfile: ""
  do-not-query-localhost: no
  module-config: "respip iterator"
  local-zone: "example." nodefault
  trust-anchor-signaling: no
  num-threads: 1
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@${this.ports.authority}
${[orders, list].map((zone) => `rpz:\n  name: ${zone}\n  primary: ${primary}\n  allow-notify: 127.0.0.1\n  rpz-log: no\n`).join('')}`);
    this.#spawn('unbound', program('unbound'), ['-d', '-c', join(unbound, 'unbound.conf')]);
    const bind = this.#make('bind');
    writeFileSync(join(bind, 'named.conf'), `options {
  directory "${bind}";
  pid-file "${bind}/pid";
  session-keyfile "${bind}/session.key";
  listen-on port ${this.ports.bind} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion yes; allow-recursion { 127.0.0.1; }; empty-zones-enable no; dnssec-validation no;
  forward only; forwarders { 127.0.0.1 port ${this.ports.authority}; };
  response-policy { ${[orders, list].map((zone) => `zone "${zone}" min-update-interval 0;`).join(' ')} } qname-wait-recurse no;
};
controls { };
${[orders, list].map((zone) => `zone "${zone}" { type secondary; primaries { 127.0.0.1 port ${this.ports.primary}; }; file "${zone}"; allow-notify { 127.0.0.1; }; masterfile-format raw; };`).join('\n')}
`);
    this.#spawn('bind', program('named'), ['-g', '-n', '1', '-c', join(bind, 'named.conf')]);
  }

  /** `set` or `unset` of a name and all below it, as an operator's script would: begin, both records, commit. */
  change(verb, name) {
    const zone = [orders];
    const rest = verb === 'set' ? (owner) => [owner, '60', 'CNAME', '.'] : (owner) => [owner, 'CNAME'];
    const knotc = (...args) => execFileSync(program('knotc'), ['-s', this.#control, ...args], { stdio: 'pipe' });
    knotc('zone-begin', ...zone);
    for (const owner of [name, `*.${name}`]) knotc(`zone-${verb}`, ...zone, ...rest(`${owner}.${orders}.`));
    knotc('zone-commit', ...zone);
  }

  async stop() {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null) continue;
      const gone = new Promise((done) => child.once('exit', done));
      child.kill();
      await gone;
    }
    await this.#authority.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
