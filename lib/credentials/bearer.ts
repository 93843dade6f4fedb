import { isToken68 } from '../protocol/header-syntax.js';
import { Refusal } from '../protocol/refusal.js';
import { Credential, type CredentialOrigin } from './credential.js';
import type { CredentialLimits } from './extractor.js';
import { decodeQueryComponent } from './query.js';

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

/**
 * Makes one of the values that stand under one name, as sent. None, or an empty one, counts as no credential; two are refused,
 * since which one counts would be an accident.
 */
export function onlyBearerCredential(
  values: readonly string[],
  limits: CredentialLimits,
  origin: CredentialOrigin,
): Credential | Refusal | undefined {
  const [value] = values;
  if (value === undefined || (value === '' && values.length === 1)) {
    return undefined;
  }
  const token = values.length > 1 ? undefined : decodeQueryComponent(value);
  return token === undefined
    ? new Refusal('ERR_WS_AUTH_MALFORMED_CREDENTIAL')
    : bearerCredential(token, limits, origin);
}
