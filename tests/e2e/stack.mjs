// A whole Khiên on loopback for end-to-end tests and measurements: khiend, khien-dnsd, a Knot DNS authority for .example,
// and, as an ISP would run them, a real Unbound (address list) and a real BIND (TSIG) that take the zones from khiend.
// Ports are free ones, data lie in a temporary folder, and stop() ends exactly what start() began.
import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { appendFileSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const bin = join(root, process.env.KHIEN_BIN ?? 'build/release/bin');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** What the upstream of Stack.startEveryName() answers. */
export const everyAddress = '192.0.2.7';

// Files of the tests run side by side: a port that one has chosen and not yet opened is no longer free for another.
const takenPorts = join(tmpdir(), 'khien-e2e-ports');
const ownPorts = [];
process.on('exit', () => ownPorts.forEach((file) => rmSync(file, { force: true })));
const isAlive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
function takePort(port) {
  mkdirSync(takenPorts, { recursive: true });
  const file = join(takenPorts, String(port));
  try {
    if (existsSync(file) && !isAlive(Number(readFileSync(file, 'utf8')))) rmSync(file, { force: true });
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch {
    return false; // another's
  }
  ownPorts.push(file);
  return true;
}

/** A port that is free for TCP and UDP on loopback now, below those that outgoing sockets take by themselves meanwhile. Nobody else gets it until this process ends. */
export async function freePort() {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer();
    const tcpFree = await new Promise((done) => {
      server.once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => done(true));
    });
    if (!tcpFree) continue;
    const udp = createSocket('udp4');
    const free = await new Promise((done) => {
      udp.once('error', () => done(false));
      udp.bind(port, '127.0.0.1', () => done(true));
    });
    udp.close();
    await new Promise((done) => server.close(done));
    if (free && takePort(port)) return port;
  }
}

/** Calls `attempt` until it gives something true; fails after `limitMs` with `what` and the last value. */
export async function until(what, attempt, { limitMs = 30_000, everyMs = 20 } = {}) {
  const begin = performance.now();
  let last;
  for (;;) {
    try {
      last = await attempt();
      if (last) return { value: last, ms: Math.round(performance.now() - begin) };
    } catch (error) {
      last = error;
    }
    if (performance.now() - begin > limitMs) throw new Error(`${what}: not within ${limitMs} ms; last: ${last}`);
    await sleep(everyMs);
  }
}

/** dig: { rcode, answers, ede } of one question, asked once. */
export async function dig(port, name, type = 'A', ...options) {
  const { stdout } = await run('dig', ['+tries=1', '+time=2', ...options, '@127.0.0.1', '-p', String(port), name, type]).catch(
    (error) => ({ stdout: error.stdout ?? '' }),
  );
  return {
    rcode: /status: ([A-Z]+)/.exec(stdout)?.[1] ?? 'NONE',
    answers: [...stdout.matchAll(/^[^;\s]\S*\s+\d+\s+IN\s+\S+\s+(.*)$/gm)].map((match) => match[1]),
    ede: /; EDE: (.*)/.exec(stdout)?.[1] ?? '',
    text: stdout,
  };
}

const findProgram = (name) => ['/usr/sbin', '/usr/bin', '/sbin'].map((dir) => join(dir, name)).find(existsSync) ?? name;

export class Stack {
  #folder = mkdtempSync(join(tmpdir(), 'khien-e2e-'));
  #children = new Map();
  #stateName = 'khien';
  #postgresql;
  #databases = 0;
  ports = {};
  /** What khiend keeps its records in: `sqlite:PATH` or `postgresql://…`. */
  database = '';

  /** `engine`: sqlite or postgresql; by default what KHIEN_E2E_ENGINE says. */
  constructor({ engine = process.env.KHIEN_E2E_ENGINE ?? 'sqlite' } = {}) {
    this.engine = engine;
  }

  get folder() {
    return this.#folder;
  }
  get url() {
    return `http://localhost:${this.ports.web}`;
  }
  get state() {
    return join(this.#folder, this.#stateName);
  }
  /** From now on khiend's state is an empty folder of that name, and its database an empty one. */
  async begin(stateName) {
    this.#stateName = stateName;
    mkdirSync(this.state);
    this.database = await this.#emptyDatabase();
  }
  log(name) {
    return readFileSync(join(this.#folder, `${name}.log`), 'utf8');
  }

  #spawn(name, program, args, options = {}) {
    const log = openSync(join(this.#folder, `${name}.log`), 'a');
    const child = spawn(program, args, { stdio: ['ignore', log, log], cwd: this.#folder, ...options });
    this.#children.set(name, child);
    child.on('exit', () => this.#children.get(name) === child && this.#children.delete(name));
    return child;
  }

  /** Ends one program by its id: SIGTERM by default. Resolves when it has gone. */
  async end(name, signal = 'SIGTERM') {
    const child = this.#children.get(name);
    if (!child) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await gone;
    clearTimeout(late);
  }

  pid(name) {
    return this.#children.get(name)?.pid;
  }

  /** Free ports, chosen once: start() does it for those who need none before. */
  async choosePorts() {
    for (const name of ['web', 'zones', 'dns', 'status', 'authority', 'every', 'unbound', 'bind', 'powerdns', 'kresd', 'mail']) {
      this.ports[name] ??= await freePort();
    }
  }

  /** `everyName`: the upstream has an address for whatever is asked, so that real lists can be tried with nobody contacted. */
  async start({ resolvers = ['unbound', 'bind'], everyName = false } = {}) {
    await this.choosePorts();
    await this.begin('khien');
    await this.startAuthority();
    if (everyName) await this.startEveryName();
    await this.startKhiend();
    await this.startDnsd();
    if (resolvers.includes('unbound')) await this.startUnbound();
    if (resolvers.includes('bind')) await this.startBind();
  }

  /** `everyName`: each name below example that the demo does not know has an address, too. */
  async startAuthority({ everyName = false } = {}) {
    const folder = join(this.#folder, 'authority');
    await run(join(root, 'packaging/demo/authority.sh'), [`127.0.0.1@${this.ports.authority}`, folder]);
    if (everyName) appendFileSync(join(folder, 'example.zone'), `* A ${everyAddress}\n`);
    this.#spawn('authority', findProgram('knotd'), ['-c', join(folder, 'knot.conf')]);
    await until('the authority answers', async () => (await dig(this.ports.authority, 'example', 'SOA')).answers.length > 0);
  }

  /** A root zone of its own whose wildcard answers every name with 192.0.2.7. */
  async startEveryName() {
    const folder = join(this.#folder, 'every');
    mkdirSync(folder);
    writeFileSync(join(folder, 'root.zone'), `. 30 SOA ns.test. hostmaster.test. 1 3600 600 86400 30
. 30 NS ns.test.
*. 30 A ${everyAddress}
`);
    writeFileSync(join(folder, 'knot.conf'), `server:
    listen: 127.0.0.1@${this.ports.every}
    rundir: "${folder}"
    pidfile: "${folder}/knot.pid"
log:
  - target: stderr
    any: warning
database:
    storage: "${folder}"
zone:
  - domain: .
    storage: "${folder}"
    file: "root.zone"
    zonefile-sync: -1
    journal-content: none
`);
    this.#spawn('every', findProgram('knotd'), ['-c', join(folder, 'knot.conf')]);
    await until('every name has an address', async () => (await dig(this.ports.every, 'a.test')).answers[0] === everyAddress);
    this.#upstream = this.ports.every;
  }
  #upstream;

  async #emptyDatabase() {
    if (this.engine === 'sqlite') return `sqlite:${join(this.state, 'khien.db')}`;
    const folder = (this.#postgresql ??= await this.#startPostgresql());
    const name = `khien_${++this.#databases}`;
    await run('psql', ['-h', folder, '-U', 'khien', '-d', 'postgres', '-qc', `CREATE DATABASE ${name}`]);
    return `postgresql://khien@/${name}?host=${folder}`;
  }
  /** A cluster of our own, reachable by a socket in its folder only. PostgreSQL refuses to run as root. */
  async #startPostgresql() {
    const folder = mkdtempSync(join(tmpdir(), 'khien-pg-'));
    const asRoot = process.getuid() === 0;
    const id = async (flag) => Number((await run('id', [flag, 'postgres'])).stdout);
    const user = asRoot ? { uid: await id('-u'), gid: await id('-g') } : {};
    if (asRoot) chownSync(folder, user.uid, user.gid);
    const programs = '/usr/lib/postgresql/15/bin';
    const data = join(folder, 'data');
    const options = { ...user, cwd: folder };
    await run(join(programs, 'initdb'), ['-D', data, '-U', 'khien', '-A', 'trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'], options);
    this.#spawn('postgresql', join(programs, 'postgres'), ['-D', data, '-k', folder, '-c', 'listen_addresses='], options);
    await until('PostgreSQL answers', () => run('pg_isready', ['-h', folder, '-U', 'khien', '-d', 'postgres']));
    return folder;
  }

  khiendArguments() {
    const { web, zones, dns } = this.ports;
    return [
      '--listen', `127.0.0.1:${web}`, '--dns-listen', `127.0.0.1:${zones}`,
      '--database', this.database, '--state', this.state, '--data', join(root, 'data'),
      '--web', join(root, 'web/dist'), '--public-url', this.url, '--verify', `127.0.0.1:${dns}`,
      ...(this.demo ? ['--demo'] : []),
      ...this.khiendExtra,
    ];
  }
  /** khiend that is expected not to start: what it says. */
  async khiendRefuses() {
    const ended = await run(join(bin, 'khiend'), this.khiendArguments(), { timeout: 20_000 }).catch((error) => error);
    if (!(ended.code > 0)) throw new Error(`khiend was expected to refuse; it ended with ${ended.code ?? ended.signal}`);
    return `${ended.stdout}${ended.stderr}`;
  }
  /** What one with other arguments says that is expected not to start. */
  async refusedKhiend(args) {
    const ended = await run(join(bin, 'khiend'), ['--database', this.database, '--data', join(root, 'data'), ...args], { timeout: 20_000 }).catch((error) => error);
    if (!(ended.code > 0)) throw new Error(`khiend was expected to refuse; it ended with ${ended.code ?? ended.signal}`);
    return `${ended.stdout}${ended.stderr}`;
  }
  async startKhiend() {
    this.#spawn('khiend', join(bin, 'khiend'), this.khiendArguments());
    const { ms } = await until('khiend is healthy', async () => (await fetch(`${this.url}/healthz`)).ok);
    return ms;
  }
  khiendExtra = [];

  /** A second khiend beside it: what it has of its own, and that it has the first one's keys. */
  second = { state: () => join(this.#folder, 'khien-second'), address: '127.0.0.2', ports: {} };
  get secondUrl() {
    return `http://localhost:${this.second.ports.web}`;
  }
  /** Copies what two publishers must have alike, as docs/runbooks/pair.md says. */
  copyKeysToSecond() {
    mkdirSync(this.second.state(), { recursive: true });
    cpSync(join(this.state, 'keys'), join(this.second.state(), 'keys'), { recursive: true });
    cpSync(join(this.state, 'followers.json'), join(this.second.state(), 'followers.json'));
  }
  async startSecondKhiend(extra = []) {
    this.second.ports.web ??= await freePort();
    this.second.ports.zones ??= await freePort();
    const { web, zones } = this.second.ports;
    this.#spawn('khiend-second', join(bin, 'khiend'), [
      '--listen', `127.0.0.1:${web}`, '--dns-listen', `${this.second.address}:${zones}`,
      '--database', this.database, '--state', this.second.state(), '--data', join(root, 'data'),
      '--public-url', this.secondUrl, ...extra,
    ]);
    await until('the second khiend is healthy', async () => (await fetch(`${this.secondUrl}/healthz`)).ok);
  }
  /** false: an empty installation, as `./khien up --no-demo` makes it. */
  demo = true;

  get mailbox() {
    return join(this.#folder, 'mailbox');
  }
  /** A real SMTP server (aiosmtpd) that keeps what it gets in a Maildir. */
  async startMail() {
    this.#spawn('mail', '/usr/bin/python3', [
      '-m', 'aiosmtpd', '-n', '-l', `127.0.0.1:${this.ports.mail}`, '-c', 'aiosmtpd.handlers.Mailbox', this.mailbox,
    ]);
    await until('the mail server greets', () => this.#greets(this.ports.mail));
  }
  #greets(port) {
    return new Promise((done) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('data', (data) => {
        done(String(data).startsWith('220'));
        socket.destroy();
      });
      socket.once('error', () => done(false));
    });
  }

  /** `name` and `port` for a second one, `options` for what it does otherwise. */
  async startDnsd({ name = 'khien-dnsd', port = this.ports.dns, status = this.ports.status, options = [] } = {}) {
    const { authority } = this.ports;
    this.#spawn(name, join(bin, 'khien-dnsd'), [
      '--listen', `127.0.0.1:${port}`, '--status', `127.0.0.1:${status}`, ...this.#primaries(),
      '--tsig-key', join(this.state, 'keys/khien-dnsd.key'), '--snapshot', join(this.#folder, name === 'khien-dnsd' ? 'dnsd' : name),
      '--upstream', `127.0.0.1:${this.#upstream ?? authority}`, '--base-url', this.url, ...options,
    ]);
    await until('khien-dnsd is healthy', async () => (await fetch(`http://127.0.0.1:${status}/healthz`)).ok);
  }

  /** khienctl with this stack's state folder; its standard output. */
  ctl = (...args) => this.ctlAt(this.state, ...args);
  async ctlAt(state, ...args) {
    const { stdout } = await run(join(bin, 'khienctl'), ['--state', state, '--database', this.database, ...args], { maxBuffer: 64 << 20 });
    return stdout;
  }
  /** The six digits of a demo user's authenticator. A code works once, so at times the next half minute is awaited. */
  async code(user) {
    const { value } = await until(`a fresh code of ${user}`, () => this.ctl('demo', 'code', user), { limitMs: 65_000, everyMs: 1_000 });
    return value.trim();
  }

  /** Where zones are served: at two addresses where there are two publishers. Unbound tells primaries by address alone. */
  #primaries() {
    const first = ['--primary', `127.0.0.1:${this.ports.zones}`];
    return this.second.ports.zones ? [...first, '--primary', `${this.second.address}:${this.second.ports.zones}`] : first;
  }

  /** What resolvers are told to take. */
  followedZones = 'emergency,orders';
  async #followers(kind, port, zones = this.followedZones) {
    // Adds the resolver to those that get NOTIFY and may transfer, and returns its configuration text.
    const address = port === undefined ? [] : ['--address', `127.0.0.1:${port}`];
    this.configurations[kind] = await this.ctl('zone', 'follower', 'add', kind, ...address, ...this.#primaries(), '--folder', join(this.#folder, kind), '--zones', zones);
    return this.configurations[kind];
  }
  /** What khienctl printed for each kind of follower. */
  configurations = {};

  async startUnbound({ limitMs } = {}) {
    const folder = join(this.#folder, 'unbound');
    mkdirSync(folder);
    const zones = await this.#followers('unbound', this.ports.unbound);
    writeFileSync(join(folder, 'unbound.conf'), `server:
  interface: 127.0.0.1@${this.ports.unbound}
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: "${folder}/pid"
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
${zones}`);
    this.#spawn('unbound', findProgram('unbound'), ['-d', '-c', join(folder, 'unbound.conf')]);
    await until('Unbound answers', async () => (await dig(this.ports.unbound, 'ngan-hang.example')).rcode === 'NOERROR', { limitMs });
  }

  async startBind({ limitMs } = {}) {
    const folder = join(this.#folder, 'bind');
    mkdirSync(folder);
    const zones = await this.#followers('bind', this.ports.bind);
    writeFileSync(join(folder, 'named.conf'), `options {
  directory "${folder}";
  pid-file "${folder}/pid";
  session-keyfile "${folder}/session.key";
  listen-on port ${this.ports.bind} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion yes; allow-recursion { 127.0.0.1; }; empty-zones-enable no; dnssec-validation no;
  forward only; forwarders { 127.0.0.1 port ${this.ports.authority}; };
${zones.split('// zones')[0]}};
controls { };
${zones.split('// zones')[1] ?? ''}`);
    this.#spawn('bind', findProgram('named'), ['-g', '-n', '1', '-c', join(folder, 'named.conf')]);
    await until('BIND answers', async () => (await dig(this.ports.bind, 'ngan-hang.example')).rcode === 'NOERROR', { limitMs });
  }

  async startPowerdns() {
    const folder = join(this.#folder, 'powerdns');
    mkdirSync(folder);
    writeFileSync(join(folder, 'khien.lua'), await this.#followers('powerdns'));
    const options = {
      'local-address': `127.0.0.1:${this.ports.powerdns}`, 'socket-dir': folder, 'forward-zones-recurse': `.=127.0.0.1:${this.ports.authority}`,
      'lua-config-file': join(folder, 'khien.lua'), 'dont-query': '', dnssec: 'off', threads: 1, 'security-poll-suffix': '', 'config-dir': folder,
      daemon: 'no', 'hint-file': 'no', 'write-pid': 'no', 'packetcache-ttl': 0,
    };
    this.#spawn('powerdns', findProgram('pdns_recursor'), Object.entries(options).map(([key, value]) => `--${key}=${value}`));
    await until('PowerDNS Recursor answers', async () => (await dig(this.ports.powerdns, 'ngan-hang.example')).rcode === 'NOERROR');
  }

  /** With its files, which a khienctl of its own keeps for each zone. */
  async startKnotResolver() {
    const folder = join(this.#folder, 'knot-resolver');
    mkdirSync(folder);
    const zones = ['emergency', 'orders-phishing'];
    const printed = await this.#followers('knot-resolver', undefined, zones.join(','));
    const [policy, commands] = [/^policy.*$/gm, /^-- khienctl (.*)$/gm].map((part) => [...printed.matchAll(part)]);
    for (const [i, zone] of zones.entries()) {
      this.#spawn(`follow-${zone}`, join(bin, 'khienctl'), commands[i][1].split(' '));
      await until(`the file of ${zone}`, () => existsSync(join(folder, `${zone}.rpz`)));
    }
    writeFileSync(join(folder, 'kresd.conf'), `net.listen('127.0.0.1', ${this.ports.kresd}, { kind = 'dns' })
modules = { 'policy' }
trust_anchors.remove('.')
cache.size = 10 * MB
log_level('notice')
${policy.join('\n')}
policy.add(policy.all(policy.STUB({'127.0.0.1@${this.ports.authority}'})))
`);
    this.#spawn('kresd', findProgram('kresd'), ['-n', '-c', join(folder, 'kresd.conf'), folder]);
    await until('Knot Resolver answers', async () => (await dig(this.ports.kresd, 'ngan-hang.example')).rcode === 'NOERROR');
  }

  async stop() {
    // Newest first, but the database last: khiend still writes while it stops. SIGINT is PostgreSQL's fast shutdown.
    for (const name of [...this.#children.keys()].filter((one) => one !== 'postgresql').reverse()) await this.end(name);
    await this.end('postgresql', 'SIGINT');
    if (this.#postgresql) rmSync(this.#postgresql, { recursive: true, force: true });
    if (!process.env.KHIEN_KEEP) rmSync(this.#folder, { recursive: true, force: true });
    else console.log(`kept: ${this.#folder}`);
  }
}
