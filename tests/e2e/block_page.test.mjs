// What somebody sees who opens a blocked name on a network with a sinkhole: the resolver leads the browser to khiend's
// listener for blocked names, and the page there says who, why, until when and how to object, under any path.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { openBrowser, say, Visitor } from './browser.mjs';
import { Client, draftFromReport } from './client.mjs';
import { dig, freePort, Stack, until } from './stack.mjs';

const host = 'ngan-hang-uu-dai.example';
const password = 'khien-demo-2026';
const stack = new Stack();
const ports = {};
let browser;
let order;
const officer = (login) => new Client(stack.url, (user) => stack.code(user)).signIn(login, password);

before(async () => {
  for (const name of ['block', 'sinkhole', 'status']) ports[name] = await freePort();
  stack.khiendExtra = ['--block-listen', `127.0.0.1:${ports.block}`];
  await stack.start({ resolvers: [] });
  const [analyst, approver] = await Promise.all([officer('lan'), officer('hoa')]);
  const draft = await draftFromReport(stack, analyst, host);
  await analyst.sign(draft.order, 'propose');
  order = await approver.sign(draft.order, 'approve');
  await until('blocked', async () => (await dig(stack.ports.dns, host)).rcode === 'NXDOMAIN');
  // As an operator would for a network that wants the page.
  await stack.startDnsd({ name: 'sinkhole', port: ports.sinkhole, status: ports.status, options: ['--sinkhole', '127.0.0.1'] });
  browser = await openBrowser([`--host-resolver-rules=MAP *.example 127.0.0.1:${ports.block}`]);
});
after(async () => {
  await browser?.close();
  await stack.stop();
});

/** GET of `path` from the listener as a browser asks that believes to speak with `name`. */
const ask = (name, path = '/', method = 'GET') =>
  new Promise((done, failed) => {
    const sent = request({ host: '127.0.0.1', port: ports.block, path, method, headers: { Host: name, 'Accept-Language': 'vi' } }, (answer) => {
      let body = '';
      answer.on('data', (part) => (body += part));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body }));
    });
    sent.on('error', failed).end();
  });

test('the resolver leads the name and what lies below it to the page, and says why', async () => {
  for (const name of [host, `www.${host}`]) {
    const answer = await dig(ports.sinkhole, name);
    assert.equal(answer.rcode, 'NOERROR');
    assert.deepEqual(answer.answers, ['127.0.0.1']);
    assert.match(answer.ede, /^16 .*category=phishing .*\/l\//);
  }
  const other = await dig(ports.sinkhole, host, 'HTTPS');
  assert.equal(other.rcode, 'NOERROR');
  assert.ok(other.text.includes('AUTHORITY: 1') && other.text.includes('ANSWER: 0'), other.text);
});

test('every path of the name answers 451 and names who blocks', async () => {
  for (const path of ['/', '/dang-nhap/otp?x=1', '/assets/khong-co', '/api/v1/orders']) {
    const { status, headers, body } = await ask(host, path);
    if (path.startsWith('/assets/')) {
      assert.equal(status, 404, path);
      continue;
    }
    assert.equal(status, 451, path);
    assert.equal(headers.link, `<${stack.url}/>; rel="blocked-by"`);
    assert.equal(headers['set-cookie'], undefined);
    assert.ok(body.includes(order.number), 'the order');
    assert.ok(body.length < 60_000);
  }
});

test('a name that is not blocked, or no name at all, gets no answer in its place', async () => {
  for (const name of ['binh-thuong.example', '192.0.2.1', '[2001:db8::1]:80', 'a b', '']) {
    const { status, body } = await ask(name);
    assert.ok(status === 421 || (status === 400 && name === ''), `${name}: ${status}`);
    assert.ok(!body.includes(order.number));
  }
  assert.equal((await ask(host, '/', 'POST')).status, 405);
});

for (const [language, phone] of [['vi', true], ['en', false]]) {
  test(`a person understands it (${language}), and objects from there`, async () => {
    const visitor = await Visitor.open(browser, stack, { phone, javaScriptEnabled: false, language });
    const { page } = visitor;
    const answer = await page.goto(`http://www.${host}/dang-nhap`);
    assert.equal(answer.status(), 451);
    await page.getByRole('heading', { name: say('public.block.title', language) }).waitFor();
    assert.equal(await page.locator('dd', { hasText: order.number }).count(), 1);
    const line = await page.locator('header').evaluate((node) => getComputedStyle(node).borderBottomStyle);
    assert.equal(line, 'solid', 'the style sheet is there');
    await visitor.picture(`block-page-${language}`);
    await page.getByRole('link', { name: say('public.order.object', language) }).click();
    await page.waitForURL(`${stack.url}/object?order=${order.number}`);
    // Over plain HTTP browsers say that they leave out this one protection.
    assert.deepEqual(visitor.problems.filter((problem) => !problem.startsWith('The Cross-Origin-Opener-Policy header')), []);
    await visitor.close();
  });
}
