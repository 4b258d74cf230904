#!/usr/bin/env node
// All third-party lists through real feeds: proposed, approved, fetched, published, transferred, blocked; with queries all along.
// LISTS is a folder of SOURCE.CLASS.txt.xz (default ../shared/data/blocklists). Nobody listed is contacted: the upstream is a
// local authority that answers every name.
//   feeds.loaded                   from the first approval until every feed has its list in force in khiend
//   feeds.approval_to_blocked_…    until khien-dnsd blocks all samples of that category
//   feeds.order_meanwhile          from an order's second signature to its block, while the lists load
//   feeds.read, added, refused_…   entries of all lists, and why they were not taken; `names_…` are distinct in a category
//   feeds.khiend_…, feeds.dnsd_…   memory before, after (rss, pss) and at most (peak); khien-dnsd without the choices' zones
//   feeds.queries_…, query_slowest what its clients saw meanwhile
//   feeds.choosing_…               a second khien-dnsd with all three choices, from nothing: start and memory
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Client, draftFromReport, Refused } from '../tests/e2e/client.mjs';
import { DnsClient, DnsLoad } from '../tests/e2e/dns_client.mjs';
import { everyAddress, freePort, root, sleep, Stack, until } from '../tests/e2e/stack.mjs';

const lists = resolve(root, process.env.LISTS ?? '../shared/data/blocklists');
if (!existsSync(lists)) {
  console.error(`no lists in ${lists}: nothing measured; name a folder with LISTS`);
  process.exit(0);
}
const categoryOf = {
  scam: 'fraud', malware: 'malware', malicious: 'malware', threat: 'malware', phishing: 'phishing', drugs: 'illegal-trade',
  gambling: 'choice-gambling', adult: 'choice-adult', ads: 'choice-ads', redirect: 'choice-ads',
};
const queriesPerSecond = 300;
const samplesPerCategory = 500;
const limitMs = 600_000;
const say = (text) => console.error(text);
const figure = (name, value, unit) => console.log(`feeds.${name} ${typeof value === 'number' ? Math.round(value) : value} ${unit}`);

/** Every `count`th of the names, so that all parts of a list are among them. */
const sample = (names, count) => names.filter((_, i) => i % Math.max(1, Math.floor(names.length / count)) === 0).slice(0, count);

function memory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1]);
  return { rss: kib(rollup, 'Rss'), pss: kib(rollup, 'Pss'), peak: kib(status, 'VmHWM') };
}

for (const line of readFileSync(new URL(import.meta.url), 'utf8').matchAll(/^\/\/   (feeds\..*)$/gm)) say(line[1]);
const stack = new Stack();
const checks = [];
const check = (what, holds) => {
  checks.push({ what, holds });
  say(`${holds ? 'ok  ' : 'FAIL'} ${what}`);
};

/** Lists as files below STATE/feeds; those of a refused class are proposed too, and must be refused. */
function unpack() {
  const folder = join(stack.state, 'feeds');
  mkdirSync(folder, { recursive: true });
  return readdirSync(lists)
    .filter((file) => file.endsWith('.txt.xz'))
    .map((file) => {
      const text = execFileSync('xz', ['-dc', join(lists, file)], { maxBuffer: 1 << 30 }).toString();
      const source = file.slice(0, -'.xz'.length);
      writeFileSync(join(folder, source), text);
      const listClass = source.split('.').at(-2);
      return { source, listClass, category: categoryOf[listClass], lines: text.split('\n').filter(Boolean).length };
    });
}

/** What a feed may take of each category, as khienctl reads it: { category: names }. */
async function acceptedNames(files) {
  const out = join(stack.folder, 'accepted');
  await stack.ctl('feed', 'try', '--data', join(root, 'data'), '--out', out, ...files.map((file) => join(stack.state, 'feeds', file.source)));
  return Object.fromEntries(readdirSync(out).map((file) => [file.slice(0, -4), readFileSync(join(out, file), 'utf8').split('\n').filter(Boolean)]));
}

function makeJudge(listed, choices) {
  const byName = new Map(Object.entries(listed).flatMap(([category, names]) => names.map((name) => [name, category])));
  return (name, answer) => {
    const category = byName.get(name);
    const passes = answer.rcode === 'NOERROR' && answer.addresses[0] === everyAddress;
    const blocks = category && answer.rcode === 'NXDOMAIN' && answer.ede?.code === 15 && answer.ede.text.startsWith(`category=${category} `);
    if (passes || blocks) return undefined;
    return `${category ?? (choices.has(name) ? 'choice' : 'popular')} ${answer.rcode} ${answer.ede?.text ?? ''}`;
  };
}

async function proposeAll(analyst, files) {
  const proposed = [];
  for (const file of files) {
    const draft = {
      name: file.source, source: file.source, format: 'domains', category: file.category ?? file.listClass, scope: 'host',
      licence: '', entries_max: file.lines + 1_000, change_max_percent: 5, interval_s: 86_400,
      valid_until_ms: Date.now() + 90 * 86_400_000, reason: 'Danh sách công khai, đã xem nguồn và giấy phép',
    };
    try {
      proposed.push({ ...file, feed: await analyst.post('/api/v1/feeds', draft) });
    } catch (error) {
      if (!(error instanceof Refused) || file.category) throw error;
      file.refusal = error.problem.reason;
    }
  }
  return proposed;
}

/** Waits until every feed has a set in force, releasing what the breaker holds as a person would. */
async function untilLoaded(approver, proposed) {
  let released = 0;
  await until('all feeds have run', async () => {
    const { items } = await approver.get('/api/v1/feeds');
    for (const feed of items.filter((one) => one.state === 'stopped')) {
      say(`the breaker held ${feed.name}: ${feed.last_run.problem.reason}, ${feed.last_run.counts.refused} refused of ${feed.last_run.counts.read}`);
      await approver.post(`/api/v1/feeds/${feed.id}/resume`, { version: feed.version, reason: 'Đã xem: tên phổ biến bị từ chối, phần còn lại đúng' });
      released++;
    }
    for (const one of proposed) one.now = items.find((feed) => feed.id === one.feed.id);
    const failed = proposed.find((one) => one.now.last_run?.state === 'failed');
    if (failed) throw new Error(`${failed.source}: ${JSON.stringify(failed.now.last_run.problem)}`);
    return proposed.every((one) => one.now.state === 'active' && one.now.entries > 0);
  }, { limitMs, everyMs: 250 });
  return released;
}

/** Milliseconds until each category's samples are all blocked (asked one by one; the first that is not ends a round). */
async function untilBlocked(client, listed, since) {
  const times = {};
  await Promise.all(Object.entries(listed).map(async ([category, names]) => {
    await until(`${category} is blocked`, async () => {
      for (const name of names) if ((await client.ask(name))?.rcode !== 'NXDOMAIN') return false;
      return true;
    }, { limitMs, everyMs: 200 });
    times[category] = performance.now() - since;
  }));
  return times;
}

function printCounts(proposed, refusedFiles) {
  const total = { read: 0, added: 0, duplicate: 0, redundant: 0, refused: 0 };
  const reasons = {};
  for (const { source, category, now } of proposed) {
    const counts = now.last_run.counts;
    say(`${source}: ${category}, ${counts.read} read, ${counts.added} new, ${counts.duplicate} duplicate, ${counts.redundant} redundant, ${counts.refused} refused, ${now.last_run.ended_at_ms - now.last_run.started_at_ms} ms`);
    for (const name of Object.keys(total)) total[name] += counts[name];
    for (const [reason, count] of Object.entries(counts.refused_reasons)) reasons[reason] = (reasons[reason] ?? 0) + count;
  }
  for (const { listClass, lines, refusal } of refusedFiles) {
    total.read += lines;
    total.refused += lines;
    reasons[`class_${listClass}`] = (reasons[`class_${listClass}`] ?? 0) + lines;
    check(`a list of class ${listClass} cannot be proposed: ${refusal}`, refusal === 'no_category');
  }
  for (const [name, count] of Object.entries(total)) figure(name, count, 'names');
  for (const [reason, count] of Object.entries(reasons).sort()) figure(`refused_${reason.replaceAll('-', '_')}`, count, 'names');
}

/** A network that chose: a second khien-dnsd with all choices on, from nothing. */
async function measureChoices(choices) {
  const port = await freePort();
  const begin = performance.now();
  await stack.startDnsd({ name: 'choosing', port, status: await freePort(), options: ['--choice', 'choice-adult', '--choice', 'choice-gambling', '--choice', 'choice-ads'] });
  const client = new DnsClient(port);
  await until('a choice is obeyed', async () => (await client.ask(Object.values(choices)[0][0]))?.rcode === 'NXDOMAIN', { limitMs });
  figure('choosing_start', performance.now() - begin, 'ms');
  for (const [category, names] of Object.entries(choices)) {
    const answers = await client.askAll(names);
    const good = answers.filter((answer) => answer?.rcode === 'NXDOMAIN' && answer.ede?.code === 17 && answer.ede.text.startsWith(`category=${category} `));
    check(`${category}: ${good.length} of ${names.length} blocked with EDE 17 where the network chose it`, good.length === names.length);
  }
  client.close();
  await sleep(5_000); // its snapshot is written, and what that took is given back
  const used = memory(stack.pid('choosing'));
  figure('choosing_rss', used.rss, 'KiB');
  figure('choosing_peak', used.peak, 'KiB');
  await stack.end('choosing');
}

async function measure() {
  await stack.start({ resolvers: [], everyName: true });
  const code = (user) => stack.code(user);
  const people = JSON.parse(await stack.ctl('demo', 'users', '--json'));
  const signIn = (role) => {
    const person = people.find((one) => one.roles.includes(role));
    return new Client(stack.url, code).signIn(person.login, person.password).then((client) => client.addPasskey());
  };
  const [analyst, approver] = await Promise.all(['analyst', 'approver'].map(signIn));
  const files = unpack();
  const accepted = await acceptedNames(files);
  const crimes = Object.entries(accepted).filter(([category]) => !category.startsWith('choice-'));
  // A name of two categories is blocked by the first in order of precedence; samples belong to one alone.
  const times = new Map();
  for (const names of Object.values(accepted)) for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  const own = (names) => sample(names.filter((name) => times.get(name) === 1), samplesPerCategory);
  const listed = Object.fromEntries(crimes.map(([category, names]) => [category, own(names)]));
  const choices = Object.fromEntries(Object.entries(accepted).filter(([category]) => category.startsWith('choice-')).map(([category, names]) => [category, own(names)]));
  // A choice's name may lie below a name that a crime's list blocks whole only with scope domain; these lists have scope host.
  const popular = sample(readFileSync(join(root, 'data/popularity/majestic-10k.txt'), 'utf8').split('\n').filter((line) => line && !line.startsWith('#')), 2_000);
  const before = { khiend: memory(stack.pid('khiend')), dnsd: memory(stack.pid('khien-dnsd')) };

  const client = new DnsClient(stack.ports.dns);
  const asked = [popular, Object.values(listed).flat(), Object.values(choices).flat()];
  const mixed = Array.from({ length: 6_000 }, (_, i) => asked[i % 3][Math.floor(i / 3) % asked[i % 3].length]);
  const load = new DnsLoad(stack.ports.dns, mixed, queriesPerSecond, makeJudge(listed, new Set(Object.values(choices).flat())));

  const proposed = await proposeAll(analyst, files);
  const begin = performance.now();
  for (const one of proposed) await approver.post(`/api/v1/feeds/${one.feed.id}/approve`, { version: one.feed.version });
  say(`${proposed.length} feeds approved in ${Math.round(performance.now() - begin)} ms`);
  const blocking = untilBlocked(client, listed, begin);

  // Meanwhile an order must not wait behind the lists.
  const order = (async () => {
    const { order } = await draftFromReport(stack, analyst, 'ngan-hang-uu-dai.example');
    await analyst.sign(order, 'propose');
    await approver.sign(order, 'approve');
    const { ms } = await until('the order is enforced', async () => (await client.ask('ngan-hang-uu-dai.example'))?.ede?.code === 16, { limitMs });
    return ms;
  })();
  const released = await untilLoaded(approver, proposed);
  figure('loaded', performance.now() - begin, 'ms');
  figure('order_meanwhile', await order, 'ms');
  const blocked = await blocking;
  for (const [category, ms] of Object.entries(blocked)) figure(`approval_to_blocked_${category.replaceAll('-', '_')}`, ms, 'ms');
  await sleep(5_000); // the snapshot is written, and what that took is given back
  await load.stop();
  figure('breaker_released', released, 'feeds');
  printCounts(proposed, files.filter((file) => !file.category));
  for (const [category, names] of Object.entries(accepted)) figure(`names_${category.replaceAll('-', '_')}`, names.length, 'names');

  for (const [program, name] of [['khiend', 'khiend'], ['dnsd', 'khien-dnsd']]) {
    const used = memory(stack.pid(name));
    figure(`${program}_rss_before`, before[program].rss, 'KiB');
    figure(`${program}_rss`, used.rss, 'KiB');
    figure(`${program}_pss`, used.pss, 'KiB');
    figure(`${program}_peak`, used.peak, 'KiB');
  }
  figure('queries', load.client.asked, 'queries');
  figure('queries_lost', load.client.lost, 'queries');
  figure('queries_wrong', load.wrongCount, 'queries');
  figure('query_slowest', load.client.slowestMs, 'ms');
  for (const [what, count] of load.wrong) say(`wrong: ${what}: ${count}`);
  check('no query was lost or answered wrongly', load.client.lost === 0 && load.wrongCount === 0);

  for (const [category, names] of Object.entries(listed)) {
    const answers = await client.askAll(names);
    const good = answers.filter((answer) => answer?.rcode === 'NXDOMAIN' && answer.ede?.code === 15 && answer.ede.text.startsWith(`category=${category} `));
    check(`${category}: ${good.length} of ${names.length} blocked with EDE 15 and the category`, good.length === names.length);
  }
  for (const [category, names] of Object.entries(choices)) {
    const answers = await client.askAll(names);
    check(`${category}: nobody is blocked who did not choose it`, answers.every((answer) => answer?.addresses[0] === everyAddress));
  }
  client.close();
  await measureChoices(choices);
}

try {
  await measure();
} finally {
  await stack.stop();
}
if (checks.some(({ holds }) => !holds)) process.exit(1);
