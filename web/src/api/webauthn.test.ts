import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from './webauthn';

describe('base64url', () => {
  it('goes there and back for every length of the last group', () => {
    for (let size = 0; size <= 66; size += 1) {
      const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 37 + 251) % 256);
      const text = toBase64url(bytes.buffer);
      expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
      expect([...fromBase64url(text)]).toEqual([...bytes]);
    }
  });
});
