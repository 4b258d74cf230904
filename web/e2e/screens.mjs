// Opens every screen of the built app in Chromium, on a desktop and on a narrow phone, in Vietnamese
// and in English, against fixed answers (src/test/fixtures.ts), under the very CSP that khiend sends.
// Fails on a serious axe finding, on a page wider than its window, on a CSP violation and on an error
// in the console. Pictures go to e2e/out/ for people to look at.
//
//   npm run screens            all screens
//   npm run screens -- case    those whose name begins with "case"
import { createServer } from 'node:http';
import { mkdirSync, readFileSync, existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import {
  answerKey,
  answers,
  enforcedOrder,
  id,
  now,
  ownOrder,
  refusedImpact,
} from '../src/test/fixtures.ts';
import { recheckAnswers } from '../src/test/rechecks.ts';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const dist = here('../dist');
const out = here('./out');
mkdirSync(out, { recursive: true });

// As content_security_policy in src/http/security.h.
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const types = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.html': 'text/html',
};

let own = {}; // what the screen under test changes

const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  if (path === '/api/v1/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
    return;
  }
  if (path.startsWith('/api/')) {
    const key = answerKey(request.method, path);
    const answer = key in own ? own[key] : answers[key];
    const problem = answer === undefined || typeof answer === 'number';
    response.writeHead(problem ? (answer ?? 404) : 200, { 'content-type': 'application/json' });
    const code = answer === 401 ? 'not_signed_in' : '';
    response.end(JSON.stringify(problem ? { code: 'denied', reason: code, message: key } : answer));
    return;
  }
  const file = path.replace(/^\/app\//, `${dist}/`);
  const found = extname(file) !== '' && existsSync(file) ? file : `${dist}/index.html`;
  response.writeHead(200, {
    'content-type': `${types[extname(found)] ?? 'application/octet-stream'}; charset=utf-8`,
    'content-security-policy': csp,
  });
  response.end(readFileSync(found));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://localhost:${server.address().port}/app`;

const click = (name) => async (page) => {
  await page.getByRole('button', { name, exact: true }).first().click();
  await page.getByRole('dialog').waitFor();
};
const order = `/orders/${id('ord', 1)}`;
const signedOut = { 'GET /api/v1/session': 401 };
const half = (next, factors) => ({
  ...signedOut,
  'POST /api/v1/session': { next, factors, csrf_token: 'half' },
});
const password = async (page) => {
  await page.locator('input[autocomplete=username]').fill('lan');
  await page.locator('input[type=password]').fill('mat-khau');
  await page.locator('button[type=submit]').click();
};
const screens = [
  { name: 'sign-in', path: '/sign-in', own: signedOut },
  {
    name: 'sign-in-factor',
    path: '/sign-in',
    own: half('factor', ['webauthn', 'totp']),
    act: async (page) => {
      await password(page);
      await page.locator('input[autocomplete=one-time-code]').waitFor();
    },
  },
  {
    name: 'sign-in-setup',
    path: '/sign-in',
    own: {
      ...half('factor_setup', []),
      'POST /api/v1/session/factors/totp': {
        secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
        uri: 'otpauth://totp/Khien:lan?secret=JBSWY3DPEHPK3PXP',
      },
    },
    act: async (page) => {
      await password(page);
      await page.locator('button.mantine-Button-root[data-variant=default]').click();
      await page.locator('input[autocomplete=one-time-code]').waitFor();
    },
  },
  { name: 'queue', path: '/cases', wait: 'table' },
  { name: 'queue-dark', path: '/cases', wait: 'table', dark: true },
  {
    name: 'queue-empty',
    path: '/cases?q=khong-co',
    own: { 'GET /api/v1/cases': { items: [], next_cursor: null } },
    wait: '.k-state',
  },
  { name: 'queue-error', path: '/cases', own: { 'GET /api/v1/cases': 503 }, wait: '[role=alert]' },
  { name: 'case', path: `/cases/${id('case', 1)}`, wait: '.k-timeline' },
  { name: 'case-dark', path: `/cases/${id('case', 1)}`, wait: '.k-timeline', dark: true },
  {
    name: 'case-reject',
    path: `/cases/${id('case', 1)}`,
    wait: '.k-timeline',
    act: async (page, language) => click(language === 'vi' ? 'Từ chối' : 'Reject')(page),
  },
  { name: 'order-form', path: `/orders/new?caseId=${id('case', 1)}`, wait: 'textarea' },
  {
    name: 'order-form-refused',
    path: `/orders/new?caseId=${id('case', 1)}&name=com.vn`,
    own: { 'POST /api/v1/impact': refusedImpact },
    wait: '.k-bad',
  },
  { name: 'order-proposed', path: order, wait: 'dl' },
  { name: 'order-own', path: order, own: { 'GET /api/v1/orders/*': ownOrder }, wait: 'dl' },
  {
    name: 'order-enforced',
    path: order,
    own: { 'GET /api/v1/orders/*': enforcedOrder },
    wait: 'dl',
  },
  {
    name: 'order-sign',
    path: order,
    wait: 'dl',
    act: async (page, language) => {
      await click(language === 'vi' ? 'Ký duyệt' : 'Sign and approve')(page);
      await page.getByTestId('digest').waitFor();
    },
  },
  {
    name: 'order-suspend',
    path: order,
    own: { 'GET /api/v1/orders/*': enforcedOrder },
    wait: 'dl',
    act: async (page, language) => click(language === 'vi' ? 'Tạm dừng' : 'Suspend')(page),
  },
  { name: 'orders', path: '/orders', wait: 'table' },
  { name: 'waiting', path: '/orders/waiting', wait: 'table' },
  {
    name: 'waiting-empty',
    path: '/orders/waiting',
    own: { 'GET /api/v1/orders/waiting': { items: [], next_cursor: null } },
    wait: '.k-state',
  },
  { name: 'lapsing', path: '/orders/lapsing', wait: 'table' },
  { name: 'proposals', path: '/orders/proposals', own: recheckAnswers, wait: '.k-item' },
  { name: 'proposals-none', path: '/orders/proposals', wait: '.k-state' },
  { name: 'appeals', path: '/appeals', wait: 'table' },
  { name: 'appeal', path: `/appeals/${id('app', 1)}`, wait: 'dl' },
  { name: 'feeds', path: '/feeds', wait: 'dl' },
  {
    name: 'feed-form',
    path: '/feeds',
    wait: 'dl',
    act: async (page, language) =>
      click(language === 'vi' ? 'Đề xuất danh sách' : 'Propose a feed')(page),
  },
  { name: 'new-names', path: '/new-names', wait: 'table' },
  {
    name: 'new-names-empty',
    path: '/new-names',
    own: { 'GET /api/v1/new-names': { items: [], next_cursor: null } },
    wait: '.k-state',
  },
  { name: 'publication', path: '/publication', wait: 'table' },
  { name: 'publication-dark', path: '/publication', wait: 'table', dark: true },
  {
    name: 'publication-cell',
    path: '/publication',
    wait: 'table',
    act: async (page) => {
      await page.locator('.k-cell').filter({ hasText: '41' }).first().click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'publication-nobody',
    path: '/publication',
    own: { 'GET /api/v1/publication': { here: true, at_ms: now, zones: [], followers: [] } },
    wait: '.k-state',
  },
  {
    name: 'publication-elsewhere',
    path: '/publication',
    own: { 'GET /api/v1/publication': { here: false, at_ms: now, zones: [], followers: [] } },
    wait: '.k-state',
  },
  { name: 'accounts', path: '/accounts', wait: '.k-list' },
  {
    name: 'account-change',
    path: '/accounts',
    wait: '.k-list',
    act: async (page, language) => click(language === 'vi' ? 'Thay đổi' : 'Change')(page),
  },
  { name: 'me', path: '/me', wait: '.k-list' },
  { name: 'no-page', path: '/nothing-here', wait: '.k-state' },
];

const kinds = [
  { kind: 'desktop', viewport: { width: 1280, height: 860 } },
  { kind: 'phone', viewport: { width: 320, height: 680 } },
];
const wanted = process.argv[2] ?? '';
const problems = [];
let count = 0;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});

async function look(screen, { kind, viewport }, language) {
  own = screen.own ?? {};
  const context = await browser.newContext({
    viewport,
    colorScheme: screen.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    timezoneId: 'Asia/Ho_Chi_Minh',
  });
  const page = await context.newPage();
  const where = `${screen.name} ${kind} ${language}`;
  // Refusals are part of some screens, and the browser reports each as an error of its own.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      problems.push(`${where}: console: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => problems.push(`${where}: ${error.message}`));
  await page.clock.setFixedTime(now);
  await page.addInitScript((lang) => localStorage.setItem('khien.language', lang), language);
  try {
    await page.goto(base + screen.path);
    await page
      .locator(screen.wait ?? 'input')
      .first()
      .waitFor();
    await screen.act?.(page, language);
    await page.waitForLoadState('load');
    await page.waitForTimeout(250); // the dialog's fade, which axe would call low contrast
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    if (wide > 0) problems.push(`${where}: ${wide} px wider than the window`);
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    for (const found of violations.filter(
      ({ impact }) => impact === 'serious' || impact === 'critical',
    )) {
      const nodes = found.nodes
        .slice(0, 3)
        .map((node) => `${node.html.slice(0, 140)} ${node.any[0]?.message ?? ''}`);
      problems.push(`${where}: axe ${found.id}: ${nodes.join(' | ')}`);
    }
  } catch (error) {
    problems.push(`${where}: ${String(error).split('\n')[0]}`);
  }
  await page.screenshot({ path: `${out}/${screen.name}.${kind}.${language}.png`, fullPage: true });
  await context.close();
  count += 1;
}

for (const screen of screens.filter(({ name }) => name.startsWith(wanted))) {
  for (const kind of kinds) {
    for (const language of ['vi', 'en']) await look(screen, kind, language);
  }
}
await browser.close();
server.closeAllConnections();
server.close();
for (const problem of problems) console.error(problem);
console.log(`screens: ${count} looked at, ${problems.length} problems, pictures in web/e2e/out`);
process.exit(problems.length === 0 ? 0 : 1);
