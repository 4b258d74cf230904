#!/usr/bin/env node
// khien-dnsd under load beside the floor (a server that only parses and answers): CPU a query and the ratio, then instructions a query
// One worker on core 0, load and upstream on core 1, interleaved rounds, medians. The list is ../shared/data/blocklists/bench-1m.tsv.xz (LISTS
// names another folder) or, where that is absent, a million names from a seed. ROUNDS (8), SECONDS_A_ROUND (0.5), DNSD_BIN, POLICIES (a file
// for a third server that has it as --policies).
//   dns.CASE.floor, dns.CASE.ours   CPU of all threads, microseconds a query; CASE is blocked, cached or mix (5 % blocked, 85 % cached, 10 % new)
//   dns.CASE.ratio                  median of ours by floor of the same round
//   dns.CASE.lost                   queries without an answer in 200 ms
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const bin = 'build/release/bin';
const load = `${bin}/bench_dns_load`;
const server = process.env.DNSD_BIN ?? `${bin}/khien-dnsd`;
const rounds = Number(process.env.ROUNDS ?? 8);
const seconds = process.env.SECONDS_A_ROUND ?? '0.5';
const listFile = join(process.env.LISTS ?? '../shared/data/blocklists', 'bench-1m.tsv.xz');
const hotCount = 10_000;
const queryCount = 200_000;

const folder = mkdtempSync(join(tmpdir(), 'khien-bench-dns-'));
const children = [];

// splitmix32: the same workloads in every run.
let state = 1;
const random = () => {
  state = (state + 0x9e3779b9) | 0;
  let z = state ^ (state >>> 16);
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
};
const pick = (items) => items[Math.floor(random() * items.length)];
const word = (size) => Array.from({ length: size }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('');

function blockList() {
  if (existsSync(listFile)) {
    const text = execFileSync('xz', ['-dc', listFile], { maxBuffer: 1 << 30 }).toString();
    return text.split('\n').map((line) => line.split('\t')[0]).filter(Boolean);
  }
  console.error(`${listFile} is not there: a million names from a seed instead`);
  return Array.from({ length: 1_000_000 }, (_, i) => `${word(5 + Math.floor(random() * 10))}${i}.test`);
}

// Seven of ten exactly as listed, two below www., one below a random label.
const below = (name) => {
  const dice = random();
  return dice < 0.7 ? name : dice < 0.9 ? `www.${name}` : `${word(6)}.${name}`;
};
// Zipf with exponent 1 over the hot names, by inversion of the harmonic sum's logarithm.
const zipf = () => Math.min(hotCount - 1, Math.floor(Math.exp(random() * Math.log(hotCount + 1))) - 1);

function writeWorkloads(list) {
  const hot = Array.from({ length: hotCount }, (_, i) => `${word(4 + (i % 9))}${i}.example`);
  const cases = {
    blocked: () => below(pick(list)),
    cached: () => pick(hot),
    mix: () => {
      const dice = random();
      return dice < 0.05 ? below(pick(list)) : dice < 0.9 ? hot[zipf()] : `${word(12)}.example`;
    },
  };
  for (const [name, next] of Object.entries(cases)) {
    // Every round of the mix has names that nobody has asked for before.
    const files = name === 'mix' ? rounds : 1;
    for (let i = 0; i < files; i++) {
      writeFileSync(join(folder, `${name}${i}.txt`), Array.from({ length: queryCount }, next).join('\n'));
    }
  }
  writeFileSync(join(folder, 'hot.txt'), hot.join('\n'));
  writeFileSync(join(folder, 'list.txt'), list.join('\n'));
}

function start(core, command, args) {
  const child = spawn('taskset', ['-c', core, command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.log = '';
  child.stderr.on('data', (data) => (child.log = (child.log + data).slice(-4_096)));
  children.push(child);
  return child;
}

// Nanoseconds on a processor, of all its threads. Real-time priority keeps other work of the machine out of them, where allowed.
const threads = (pid) => readdirSync(`/proc/${pid}/task`);
const cpuNs = (pid) => threads(pid).reduce((sum, id) => sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]), 0);
const prefer = (pid) => threads(pid).forEach((id) => spawnSync('chrt', ['-f', '-p', '40', id]));

function ask(port, file, howLong) {
  const command = ['-c', '1', load, 'ask', '127.0.0.1', String(port), howLong, join(folder, file)];
  const first = spawnSync('chrt', ['-f', '40', 'taskset', ...command]);
  const run = first.status === 0 ? first : spawnSync('taskset', command);
  const numbers = Object.fromEntries([...run.stdout.toString().matchAll(/(\w+) (\d+)/g)].map((m) => [m[1], Number(m[2])]));
  if (!numbers.received) throw new Error(`no answers from port ${port}: ${run.stderr}`);
  return numbers;
}

async function ready(port, name) {
  for (let i = 0; i < 300; i++) {
    const dig = spawnSync('dig', ['@127.0.0.1', '-p', String(port), name, '+tries=1', '+time=1']);
    if (/status: (NXDOMAIN|NOERROR)/.test(dig.stdout.toString())) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`nothing answers on port ${port}: ${children.map((child) => child.log).join('\n')}`);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  const list = blockList();
  writeWorkloads(list);
  const base = 20_000 + Math.floor((Date.now() % 20_000) / 8) * 8;
  const upstream = base;
  start('1', load, ['floor', '127.0.0.1', String(upstream)]);
  const servers = { floor: { port: base + 1 }, ours: { port: base + 2 } };
  servers.floor.child = start('0', load, ['floor', '127.0.0.1', String(servers.floor.port)]);
  const dnsd = (port, more) =>
    start('0', server, ['--listen', `127.0.0.1:${port}`, '--upstream', `127.0.0.1:${upstream}`, '--list', `phishing=${folder}/list.txt`, ...more]);
  servers.ours.child = dnsd(servers.ours.port, []);
  if (process.env.POLICIES) {
    servers.policies = { port: base + 3 };
    servers.policies.child = dnsd(servers.policies.port, ['--policies', process.env.POLICIES]);
  }
  for (const { port, child } of Object.values(servers)) {
    await ready(port, list[0]);
    prefer(child.pid);
    ask(port, 'hot.txt', '1');
  }
  for (const name of ['blocked', 'cached', 'mix']) {
    const costs = {};
    let lost = 0;
    for (let round = 0; round < rounds; round++) {
      for (const [which, { port, child }] of Object.entries(servers)) {
        const before = cpuNs(child.pid);
        const answers = ask(port, `${name}${name === 'mix' ? round : 0}.txt`, seconds);
        (costs[which] ??= []).push((cpuNs(child.pid) - before) / 1_000 / answers.received);
        if (which !== 'floor') lost += answers.lost;
        if (which !== 'floor' && name === 'blocked' && answers.nxdomain !== answers.received) throw new Error('a listed name was not blocked');
        if (which !== 'floor' && answers.servfail) throw new Error(`${answers.servfail} SERVFAIL`);
      }
    }
    for (const [which, values] of Object.entries(costs)) console.log(`dns.${name}.${which} ${median(values).toFixed(3)} µs`);
    console.log(`dns.${name}.ratio ${median(costs.ours.map((cost, i) => cost / costs.floor[i])).toFixed(3)} ×`);
    if (costs.policies) console.log(`dns.${name}.policies_more ${median(costs.policies.map((cost, i) => cost - costs.ours[i])).toFixed(3)} µs`);
    console.log(`dns.${name}.lost ${lost} queries`);
  }
} finally {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
}
const counted = spawnSync('bench/dns_path.sh', { stdio: 'inherit' });
process.exitCode = counted.status;
