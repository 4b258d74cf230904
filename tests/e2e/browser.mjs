// People at a browser: real Chromium, one context a person, a passkey from Chromium's own virtual authenticator. Every page
// is watched: an error in the console or a violation of the CSP fails the test at its end.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { note } from './contract.mjs';
import { root } from './stack.mjs';

const require = createRequire(join(root, 'web/package.json'));
const { chromium } = require('playwright-core');
const { AxeBuilder } = require('@axe-core/playwright');

const texts = {};
for (const language of ['vi', 'en']) {
  texts[language] = Object.assign(
    {},
    ...['app', 'public'].map((part) => JSON.parse(readFileSync(join(root, `i18n/${part}.${language}.json`), 'utf8'))),
  );
}
/** A text of the catalogue; `names` fills in {{…}}. An unknown key is a mistake of the test. */
export function say(key, language = 'vi', names = {}) {
  const text = texts[language][key];
  if (text === undefined) throw new Error(`no text ${key}`);
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => names[name] ?? '');
}

export const pictures = join(root, 'build/e2e');
mkdirSync(pictures, { recursive: true });

/** `args`: more of Chromium's own. */
export async function openBrowser(args = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
      '--headless', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--no-first-run', '--disable-dev-shm-usage', ...args,
    ],
  });
}

/** The app's own calls are compared with the contract, too. */
async function compareAnswer(response) {
  const { pathname } = new URL(response.url());
  const type = response.headers()['content-type'] ?? '';
  if (!pathname.startsWith('/api/') || !type.startsWith('application/json')) return;
  // The page may be gone before its last answer is read.
  const body = await response.json().catch(() => undefined);
  if (body !== undefined) note(response.request().method(), pathname, response.status(), type, body);
}

export class Visitor {
  problems = [];

  static async open(browser, stack, { phone = false, javaScriptEnabled = true, language = 'vi' } = {}) {
    const visitor = new Visitor();
    visitor.stack = stack;
    visitor.language = language;
    visitor.context = await browser.newContext({
      viewport: phone ? { width: 360, height: 740 } : { width: 1280, height: 860 },
      javaScriptEnabled,
      locale: language === 'vi' ? 'vi-VN' : 'en-GB',
      reducedMotion: 'reduce',
      baseURL: stack.url,
    });
    visitor.context.on('response', (response) => void compareAnswer(response));
    visitor.context.setDefaultTimeout(20_000);
    visitor.page = await visitor.context.newPage();
    visitor.page.on('pageerror', (error) => visitor.problems.push(String(error)));
    visitor.page.on('console', (message) => {
      // A refusal that the story wants shows as a failed resource; everything else is a fault.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        visitor.problems.push(message.text());
      }
    });
    return visitor;
  }

  say = (key, names) => say(key, this.language, names);
  button = (key, within = this.page) => within.getByRole('button', { name: this.say(key), exact: true });
  heading = (name) => this.page.getByRole('heading', { level: 1, name });

  async picture(name) {
    await this.page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  }

  /** Serious findings of axe, as text; none is what a test wants. */
  async axe() {
    const { violations } = await new AxeBuilder({ page: this.page }).analyze();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  }

  close = () => this.context.close();
}

/** An officer, signed in with password and code. */
export class Officer extends Visitor {
  static async signIn(browser, stack, login, password, options = {}) {
    const visitor = await Visitor.open(browser, stack, options);
    const officer = Object.assign(new Officer(), visitor);
    officer.say = (key, names) => say(key, visitor.language, names);
    officer.login = login;
    const { page } = officer;
    await page.addInitScript((language) => localStorage.setItem('khien.language', language), visitor.language);
    await page.goto('/app/sign-in');
    await page.getByLabel(officer.say('app.sign-in.account')).fill(login);
    await page.getByLabel(officer.say('app.sign-in.password'), { exact: true }).fill(password);
    await officer.button('app.sign-in.continue').click();
    const code = page.getByLabel(officer.say('app.factor.code'));
    await code.fill(await stack.code(login));
    await officer.button('app.sign-in').click();
    await page.locator('#main h1').waitFor();
    return officer;
  }

  /** Registers a passkey that lives in Chromium's virtual authenticator. */
  async addPasskey() {
    const session = await this.context.newCDPSession(this.page);
    await session.send('WebAuthn.enable');
    await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await this.page.goto('/app/me');
    await this.button('app.factor.add').click();
    const dialog = this.page.getByRole('dialog');
    await dialog.getByLabel(this.say('app.factor.name')).fill('Khóa thử');
    await this.button('app.factor.make-passkey', dialog).click();
    await this.page.getByText('Khóa thử').waitFor();
  }

  /** In the open signature dialog: checks what it shows against the API, then signs. */
  async sign({ passkey }) {
    const dialog = this.page.getByRole('dialog');
    await dialog.getByTestId('digest').waitFor();
    if (passkey) {
      await this.button('app.sign.passkey', dialog).click();
    } else {
      await dialog.getByLabel(this.say('app.factor.code')).fill(await this.stack.code(this.login));
      await this.button('app.sign.totp', dialog).click();
    }
    await dialog.waitFor({ state: 'hidden' });
  }
}
