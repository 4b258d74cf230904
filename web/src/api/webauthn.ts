// Between the contract's base64url and the browser's ArrayBuffers (WebAuthn level 3, section 5).
// PublicKeyCredential.parseRequestOptionsFromJSON would do half of it, but older phones lack it.
import { ApiError } from './client';
import type { WebauthnCreationOptions, WebauthnRequestOptions } from './types';

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export function toBase64url(buffer: ArrayBuffer): string {
  let binary = '';
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

export function passkeysWork(): boolean {
  return typeof window.PublicKeyCredential === 'function';
}

/** The person closed the browser's dialog, or no passkey of theirs is here. */
const noPasskey = () => new ApiError(0, { code: 'denied', reason: 'passkey_unavailable' });

/** Asks for a signature. Throws ApiError passkey_unavailable. */
export async function assert(options: WebauthnRequestOptions) {
  let credential: Credential | null;
  try {
    credential = await navigator.credentials.get({
      publicKey: {
        challenge: fromBase64url(options.challenge),
        rpId: options.rpId,
        timeout: options.timeout,
        userVerification: options.userVerification,
        allowCredentials: options.allowCredentials.map(({ id }) => ({
          type: 'public-key' as const,
          id: fromBase64url(id),
        })),
      },
    });
  } catch {
    throw noPasskey();
  }
  if (!(credential instanceof PublicKeyCredential)) throw noPasskey();
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    id: toBase64url(credential.rawId),
    client_data_json: toBase64url(response.clientDataJSON),
    authenticator_data: toBase64url(response.authenticatorData),
    signature: toBase64url(response.signature),
  };
}

/** Makes a new passkey. Throws ApiError passkey_unavailable. */
export async function register(options: WebauthnCreationOptions, name: string) {
  let credential: Credential | null;
  try {
    credential = await navigator.credentials.create({
      publicKey: {
        challenge: fromBase64url(options.challenge),
        rp: options.rp,
        user: {
          id: fromBase64url(options.user.id),
          name: options.user.name,
          displayName: options.user.displayName,
        },
        pubKeyCredParams: options.pubKeyCredParams,
        timeout: options.timeout,
        attestation: options.attestation,
        authenticatorSelection: options.authenticatorSelection as AuthenticatorSelectionCriteria,
        excludeCredentials: (options.excludeCredentials ?? []).map(({ id }) => ({
          type: 'public-key' as const,
          id: fromBase64url(id),
        })),
      },
    });
  } catch {
    throw noPasskey();
  }
  if (!(credential instanceof PublicKeyCredential)) throw noPasskey();
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    name,
    id: toBase64url(credential.rawId),
    client_data_json: toBase64url(response.clientDataJSON),
    attestation_object: toBase64url(response.attestationObject),
  };
}
