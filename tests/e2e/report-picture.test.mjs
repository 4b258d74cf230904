// The picture on the report form, in a real Chromium under the real CSP: it is shown before it is sent, a QR code in it is
// read into the report, and what arrives is kept as evidence octet by octet.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { openBrowser, Visitor } from './browser.mjs';
import { Client } from './client.mjs';
import { faults, note } from './contract.mjs';
import { root, Stack } from './stack.mjs';

const { default: encodeQr } = await import(createRequire(join(root, 'web/package.json')).resolve('qr'));
const address = 'http://qua-tang-tri-an.example/nhan-thuong?ma=123';
const stack = new Stack();
Client.watch = note;
let browser;

before(async () => {
  await stack.start({ resolvers: [] });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await stack.stop();
});

/** A picture of rows of black (true) and white points, each `scale` pixels wide, as PNG. */
function png(rows, scale) {
  const line = (row) => Buffer.from([0, ...row.flatMap((dark) => Array(scale).fill(dark ? 0 : 255))]);
  const pixels = Buffer.concat(rows.flatMap((row) => Array(scale).fill(line(row))));
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, check]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(rows[0].length * scale, 0);
  head.writeUInt32BE(rows.length * scale, 4);
  head.set([8, 0, 0, 0, 0], 8); // 8 bits of grey
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0)),
  ]);
}
const code = png(encodeQr(address, 'raw', { border: 4 }), 8);
const blank = png(Array(60).fill(Array(60).fill(false)), 2);

async function openForm(options) {
  const visitor = await Visitor.open(browser, stack, { phone: true, ...options });
  await visitor.page.goto('/');
  await visitor.page.locator('details summary').click();
  return visitor;
}
const choose = (page, buffer, name = 'anh.png', mimeType = 'image/png') =>
  page.locator('#picture').setInputFiles({ name, mimeType, buffer });

test('a QR code is shown, read into an empty report, sent and kept', async () => {
  const citizen = await openForm();
  const { page } = citizen;
  await choose(page, code);
  await page.locator('img.preview').waitFor();
  assert.ok(await page.locator('img.preview').evaluate((image) => image.naturalWidth > 0), 'the picture is really shown');
  await page.locator('.qr').waitFor();
  assert.equal(await page.locator('.qr code').textContent(), address);
  assert.equal(await page.locator('#what').inputValue(), address);
  assert.deepEqual(await citizen.axe(), []);
  await citizen.picture('report-qr');
  await page.getByRole('button', { name: citizen.say('public.report.send') }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();

  const analyst = await new Client(stack.url, (user) => stack.code(user)).signIn('lan', 'khien-demo-2026');
  const { items: [found] } = await analyst.get('/api/v1/cases?q=qua-tang-tri-an.example');
  const { evidence } = await analyst.get(`/api/v1/cases/${found.id}`);
  const kept = evidence.find(({ kind }) => kind === 'screenshot');
  assert.equal(kept.sha256, createHash('sha256').update(code).digest('hex'));
  assert.deepEqual(citizen.problems, []);
  await citizen.close();
});

test('what is written stays; the code is offered beside it', async () => {
  const citizen = await openForm({ language: 'en' });
  const { page } = citizen;
  await page.locator('#what').fill('Dán ở cổng chợ');
  await choose(page, code);
  const use = page.locator('.qr button');
  await use.click();
  assert.equal(await page.locator('#what').inputValue(), `Dán ở cổng chợ\n${address}`);
  assert.equal(await use.isVisible(), false, 'once is enough');
  assert.deepEqual(citizen.problems, []);
  await citizen.close();
});

test('a picture without a code is only shown, and what is no picture is not', async () => {
  const citizen = await openForm();
  const { page } = citizen;
  const reader = page.waitForResponse((response) => response.url().endsWith('/app/qr.js'));
  await choose(page, blank);
  await page.locator('img.preview').waitFor();
  await reader;
  await choose(page, Buffer.from('<svg onload="alert(1)">'), 'anh.png');
  await page.locator('img.preview').waitFor({ state: 'hidden' });
  assert.equal(await page.locator('.qr').isVisible(), false);
  assert.equal(await page.locator('#what').inputValue(), '');
  await citizen.close();
});

test('without script the form sends the picture as well', async () => {
  const citizen = await openForm({ javaScriptEnabled: false });
  const { page } = citizen;
  await page.locator('#what').fill('http://trung-thuong-xe-may.example');
  await choose(page, blank);
  await page.locator('button[type=submit]').click();
  await page.locator('.code output').waitFor();
  await citizen.close();
});

test('every answer was as api/openapi.yaml says', () => assert.deepEqual(faults(), []));
