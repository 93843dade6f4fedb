import { isToken68 } from '../protocol/header-syntax.js';
import { Refusal } from '../protocol/refusal.js';
import { Credential, type CredentialOrigin } from './credential.js';
import type { CredentialLimits } from './extractor.js';

/**
 * Makes a Bearer credential of a token, if it could stand in an `Authorization` header.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 RFC 6750 §2.1}
 */
export function bearerCredential(
  token: string,
  { maxCredentialBytes }: CredentialLimits,
  origin: CredentialOrigin,
): Credential | Refusal {
  if (Buffer.byteLength(token) > maxCredentialBytes) {
    return new Refusal('ERR_WS_AUTH_CREDENTIAL_TOO_LARGE');
  }
  return isToken68(token)
    ? new Credential({ scheme: 'Bearer', token }, origin)
    : new Refusal('ERR_WS_AUTH_MALFORMED_CREDENTIAL');
}
