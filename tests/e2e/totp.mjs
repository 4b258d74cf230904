// An authenticator in software (RFC 6238: HMAC-SHA-1, six digits, thirty seconds), for people whose secret a test was shown
// when they enrolled. `fresh()` gives each code once, and waits for the next time step where that is needed.
import { createHmac } from 'node:crypto';
import { sleep } from './stack.mjs';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const stepMs = 30_000;

function octets(base32) {
  const bits = [...base32.replaceAll(/[=\s]/g, '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

export class Authenticator {
  #secret;
  #used = 0;
  constructor(secret) {
    this.#secret = octets(secret);
  }
  #at(step) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const mac = createHmac('sha1', this.#secret).update(counter).digest();
    const at = mac[19] & 15;
    return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }
  async fresh() {
    // The server takes one step ahead; beyond that only time helps.
    while (this.#used > Math.floor(Date.now() / stepMs)) await sleep(500);
    this.#used = Math.max(this.#used + 1, Math.floor(Date.now() / stepMs));
    return this.#at(this.#used);
  }
}
