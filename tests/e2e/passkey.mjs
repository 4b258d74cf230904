// A passkey in software, for tests and measurements that speak the API without a browser: ES256 (P-256), "none"
// attestation, user present and verified. WebAuthn level 2 sections 6.1, 6.5 and 5.8.1; COSE RFC 9053.
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto';

const sha256 = (data) => createHash('sha256').update(data).digest();
const b64 = (data) => Buffer.from(data).toString('base64url');

/** Deterministic CBOR (RFC 8949) of what attestation needs: small integers, octets, text and maps of them. */
function cbor(value) {
  const head = (major, n) => {
    if (n < 24) return Buffer.from([(major << 5) | n]);
    if (n < 256) return Buffer.from([(major << 5) | 24, n]);
    return Buffer.from([(major << 5) | 25, n >> 8, n & 255]);
  };
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([k, v]) => [cbor(k), cbor(v)])]);
}

export class Passkey {
  #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  #id = randomBytes(16);
  #count = 0;
  #origin;

  constructor(origin) {
    this.#origin = origin;
  }

  #clientData(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.#origin, crossOrigin: false }));
  }
  #authenticatorData(rpId, flags, rest = Buffer.alloc(0)) {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(++this.#count);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count, rest]);
  }

  /** WebauthnAttestation of the contract for WebauthnCreationOptions. */
  create(options, name = 'test') {
    const { x, y } = this.#keys.publicKey.export({ format: 'jwk' });
    const cose = new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, 'base64url')], [-3, Buffer.from(y, 'base64url')]]);
    const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, this.#id.length]), this.#id, cbor(cose)]);
    const data = this.#authenticatorData(options.rp.id, 0x45, credential); // UP, UV, attested credential
    return {
      name,
      id: b64(this.#id),
      client_data_json: b64(this.#clientData('webauthn.create', options.challenge)),
      attestation_object: b64(cbor(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', data]]))),
    };
  }

  /** WebauthnAssertion of the contract for WebauthnRequestOptions. */
  get(options) {
    const clientData = this.#clientData('webauthn.get', options.challenge);
    const data = this.#authenticatorData(options.rpId, 0x05);
    const signature = createSign('sha256').update(Buffer.concat([data, sha256(clientData)])).sign(this.#keys.privateKey);
    return { id: b64(this.#id), client_data_json: b64(clientData), authenticator_data: b64(data), signature: b64(signature) };
  }
}
