import { expect } from 'vitest';
import { Credential, type CredentialContent } from '../../../lib/credentials/credential.js';
import type { CredentialLimits } from '../../../lib/credentials/extractor.js';
import { Refusal, type RefusalCode } from '../../../lib/protocol/refusal.js';

/** The limits of a policy without options. */
export const limits: CredentialLimits = { maxCredentialBytes: 8_192 };

export type Found = Credential | Refusal | undefined;

/** What was found, in a form that a table can hold: a refusal's code, a credential's content, or `undefined`. */
export function summary(found: Found): CredentialContent | RefusalCode | undefined {
  return found instanceof Refusal ? found.code : found?.content;
}

/** The credential, or a failed test that names the refusal. */
export function credentialIn(found: Found): Credential {
  expect(found instanceof Refusal ? found.code : found).toBeInstanceOf(Credential);
  return found as Credential;
}

export function bearer(token: string): CredentialContent {
  return { scheme: 'Bearer', token };
}

export function basic(username: string, password: string): CredentialContent {
  return { scheme: 'Basic', username, password };
}

export function base64(value: string | Uint8Array): string {
  return Buffer.from(value).toString('base64');
}
