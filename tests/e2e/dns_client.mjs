// Asks a resolver all the time, as a network does, and keeps count of what was lost, wrong or slow. One socket, plain UDP;
// a question is sent once: here a lost packet is a lost answer, because a test wants to see it.
import { createSocket } from 'node:dgram';

const rcodes = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const atOnce = 50;
const lostAfterMs = 2_000; // a stub resolver would have asked again by then

/** One query of type A with EDNS and the DO bit off. */
function encode(id, name) {
  const labels = name.split('.').filter(Boolean).map((label) => Buffer.from(label, 'latin1'));
  const parts = [Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1])];
  for (const label of labels) parts.push(Buffer.from([label.length]), label);
  parts.push(Buffer.from([0, 0, 1, 0, 1]));
  parts.push(Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0])); // OPT, 1,232 octets
  return Buffer.concat(parts);
}

const skipName = (message, at) => {
  while (message[at] !== 0 && message[at] < 192) at += 1 + message[at];
  return at + (message[at] === 0 ? 1 : 2);
};

/** { rcode, addresses, ede: { code, text } | undefined } of an answer. */
export function decode(message) {
  let at = skipName(message, 12) + 4;
  const counts = [6, 8, 10].map((offset) => message.readUInt16BE(offset));
  const answer = { rcode: rcodes[message[3] & 15] ?? String(message[3] & 15), addresses: [], ede: undefined };
  counts.forEach((count, section) => {
    for (let i = 0; i < count; i++) {
      at = skipName(message, at);
      const type = message.readUInt16BE(at);
      const size = message.readUInt16BE(at + 8);
      const rdata = message.subarray(at + 10, at + 10 + size);
      if (section === 0 && type === 1) answer.addresses.push(rdata.join('.'));
      for (let o = 0; type === 41 && o + 4 <= rdata.length; o += 4 + rdata.readUInt16BE(o + 2)) {
        if (rdata.readUInt16BE(o) !== 15) continue; // RFC 8914
        const value = rdata.subarray(o + 4, o + 4 + rdata.readUInt16BE(o + 2));
        answer.ede = { code: value.readUInt16BE(0), text: value.subarray(2).toString() };
      }
      at += 10 + size;
    }
  });
  return answer;
}

export class DnsClient {
  #socket = createSocket('udp4');
  #waiting = new Map(); // id to { name, sentAt, done, timer }
  #port;
  #nextId = 1;
  asked = 0;
  lost = 0;
  slowestMs = 0;

  constructor(port) {
    this.#port = port;
    this.#socket.on('message', (message) => {
      const id = message.readUInt16BE(0);
      const query = this.#waiting.get(id);
      if (!query) return;
      this.#waiting.delete(id);
      clearTimeout(query.timer);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - query.sentAt);
      query.done(decode(message));
    });
  }

  /** The answer; undefined if none came in time. */
  ask(name) {
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 65_535) + 1;
    this.asked++;
    return new Promise((done) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        this.lost++;
        done(undefined);
      }, lostAfterMs);
      this.#waiting.set(id, { sentAt: performance.now(), done, timer });
      this.#socket.send(encode(id, name), this.#port, '127.0.0.1');
    });
  }

  /** All answers, few at a time: more than a socket's buffer holds would be lost in this very process. */
  async askAll(names) {
    const answers = [];
    for (let at = 0; at < names.length; at += atOnce) {
      answers.push(...(await Promise.all(names.slice(at, at + atOnce).map((name) => this.ask(name)))));
    }
    return answers;
  }

  close() {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/**
 * Asks `names` one after the other, about `perSecond` times a second, until stop(). `judge(name, answer)` says what is wrong
 * with an answer, or nothing.
 */
export class DnsLoad {
  wrong = new Map(); // what to how often
  #timer;
  #pending = new Set();

  constructor(port, names, perSecond, judge) {
    this.client = new DnsClient(port);
    const everyMs = 20;
    let owed = 0;
    let at = 0;
    this.#timer = setInterval(() => {
      for (owed += (perSecond * everyMs) / 1_000; owed >= 1; owed--) {
        const name = names[at++ % names.length];
        const asked = this.client.ask(name).then((answer) => {
          this.#pending.delete(asked);
          const fault = answer && judge(name, answer);
          if (fault) this.wrong.set(fault, (this.wrong.get(fault) ?? 0) + 1);
        });
        this.#pending.add(asked);
      }
    }, everyMs);
  }

  get wrongCount() {
    return [...this.wrong.values()].reduce((sum, count) => sum + count, 0);
  }

  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    this.client.close();
  }
}
