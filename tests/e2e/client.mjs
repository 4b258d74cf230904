import { Passkey } from './passkey.mjs';

// Speaks the API (api/openapi.yaml) as an officer's program would: cookies, CSRF token, second factor.
export class Refused extends Error {
  constructor(method, path, status, problem) {
    super(`${method} ${path}: ${status} ${problem.code ?? ''} ${problem.reason ?? ''} ${problem.message ?? ''}`);
    Object.assign(this, { status, problem });
  }
}

/** How `attempt` was refused, as "403 not_your_role"; what is not refused fails the test. */
export async function refusal(attempt) {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof Refused) return `${error.status} ${error.problem.reason}`;
    throw error;
  }
  throw new Error('was not refused');
}

export class Client {
  #base;
  #cookies = new Map();
  #code;
  csrf = '';
  /** Sees every answer: tests set it to contract.mjs's note. */
  static watch = undefined;

  /** `code(user)` gives the user's current TOTP digits. */
  constructor(base, code) {
    this.#base = base;
    this.#code = code;
  }

  /** The same session at another address of the same installation. */
  at(base) {
    const there = new Client(base, this.#code);
    there.#cookies = new Map(this.#cookies);
    return Object.assign(there, { csrf: this.csrf, user: this.user });
  }

  async call(method, path, body, headers = {}) {
    const isForm = body instanceof FormData;
    const response = await fetch(this.#base + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined || isForm ? {} : { 'Content-Type': 'application/json' }),
        ...(this.#cookies.size ? { Cookie: [...this.#cookies].map(([k, v]) => `${k}=${v}`).join('; ') } : {}),
        ...(this.csrf && method !== 'GET' ? { 'X-CSRF-Token': this.csrf } : {}),
        Origin: this.#base,
        ...headers,
      },
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
    });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split('=');
      this.#cookies.set(name, value);
    }
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const value = type.includes('json') && text ? JSON.parse(text) : text;
    Client.watch?.(method, path, response.status, type, value);
    if (!response.ok) throw new Refused(method, path, response.status, typeof value === 'object' ? value : {});
    return value;
  }
  /** The Response itself, for what is about headers and octets. */
  raw = (method, path, headers = {}) =>
    fetch(this.#base + path, {
      method,
      headers: { Cookie: [...this.#cookies].map(([k, v]) => `${k}=${v}`).join('; '), Origin: this.#base, ...headers },
    });
  /** For a browser context that goes on with this session. */
  cookieList = () => [...this.#cookies].map(([name, value]) => ({ name, value, url: this.#base }));
  get = (path) => this.call('GET', path);
  post = (path, body) => this.call('POST', path, body);

  /** Password, then a code. A code works once, so within one time step the next one is awaited. */
  async signIn(account, password) {
    this.user = account;
    const step = await this.post('/api/v1/session', { account, password });
    this.csrf = step.csrf_token;
    const me = await this.#withCode((code) => this.post('/api/v1/session/totp', { code }));
    this.csrf = me.csrf_token ?? this.csrf;
    return this;
  }

  async #withCode(use) {
    // A used or just-expired code is refused as denied; the next time step gives a new one.
    for (let attempt = 0; ; attempt++) {
      try {
        return await use(await this.#code(this.user));
      } catch (error) {
        if (!(error instanceof Refused) || attempt === 35 || !/code|factor/.test(error.problem.reason ?? '')) throw error;
        await new Promise((done) => setTimeout(done, 1_000));
      }
    }
  }

  /** Registers a passkey for the signed-in person; sign() then uses it. */
  async addPasskey() {
    const options = await this.post('/api/v1/session/factors/webauthn/options');
    const passkey = new Passkey(this.#base);
    const me = await this.post('/api/v1/session/factors/webauthn', passkey.create(options));
    this.csrf = me.csrf_token ?? this.csrf;
    this.passkey = passkey;
    return this;
  }

  /** Signs one move of an order as DESIGN section 7 defines it: with the passkey if there is one, else TOTP. */
  async sign(order, move, extra = {}) {
    if (this.passkey) {
      const now = await this.get(`/api/v1/orders/${order.id}`);
      const challenge = await this.post(`/api/v1/orders/${order.id}/challenge`, { version: now.version, move });
      const assertion = this.passkey.get(challenge.webauthn);
      return this.post(`/api/v1/orders/${order.id}/${move}`, {
        version: now.version,
        signature: { method: 'webauthn', challenge_id: challenge.id, assertion },
        ...extra,
      });
    }
    return this.#withCode(async (code) => {
      const now = await this.get(`/api/v1/orders/${order.id}`);
      const challenge = await this.post(`/api/v1/orders/${order.id}/challenge`, { version: now.version, move });
      return this.post(`/api/v1/orders/${order.id}/${move}`, {
        version: now.version,
        signature: { method: 'totp', challenge_id: challenge.id, code },
        ...extra,
      });
    });
  }

  async move(order, name, extra = {}) {
    const now = await this.get(`/api/v1/orders/${order.id}`);
    return this.post(`/api/v1/orders/${order.id}/${name}`, { version: now.version, ...extra });
  }
}

/** A report, triaged, with an order drafted on it: everything before the first signature. */
export async function draftFromReport(stack, analyst, host, overrides = {}) {
  const citizen = new Client(stack.url);
  const receipt = await citizen.post('/api/v1/reports', {
    text: `Trang https://${host}/dang-nhap giả ngân hàng, đòi mật khẩu`,
    category: 'phishing',
    language: 'vi',
  });
  const page = await analyst.get(`/api/v1/cases?q=${encodeURIComponent(host)}`);
  const found = page.items[0];
  const reports = await analyst.get(`/api/v1/cases/${found.id}/reports`);
  const report = reports.items.at(-1);
  if (['received', 'screening', 'accepted'].includes(report.state)) {
    await analyst.post(`/api/v1/reports/${report.id}/triage`, { version: report.version, decision: 'accept', category: 'phishing' });
  }
  const form = new FormData();
  form.append('file', new Blob([Buffer.from(pixel, 'base64')], { type: 'image/png' }), 'anh.png');
  const item = await analyst.post(`/api/v1/cases/${found.id}/evidence`, form);
  const grounds = await analyst.get('/api/v1/legal-grounds');
  const order = await analyst.post('/api/v1/orders', {
    case_id: found.id,
    category: 'phishing',
    ground_id: grounds.items[0].id,
    name: host,
    scope: 'domain',
    evidence_ids: [item.id],
    valid_until_ms: Date.now() + 29 * 86_400_000,
    reason: 'Giả mạo ngân hàng để lấy mật khẩu',
    ...overrides,
  });
  return { code: receipt.code, case: found, order, citizen };
}

// One white pixel as PNG.
export const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=';
