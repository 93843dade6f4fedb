import { splitAuthorization } from '../credentials/authorization-header.extractor.js';
import { decodeBasic } from '../credentials/basic.js';
import type { CredentialContent } from '../credentials/credential.js';
import { jwtsIn } from '../credentials/jwt-search.js';
import { textsIn } from './named-texts.js';

/** The JWTs in all texts of a value, however deep it is. */
export function tokensIn(value: unknown): readonly string[] {
  return typeof value === 'string' ? jwtsIn(value) : textsIn(value).flatMap(jwtsIn);
}

/** The tokens that the header `Authorization` of a strategy's request holds. */
export function tokensOfAuthorization(
  authorization: string,
  content: CredentialContent,
): readonly string[] {
  if ((content.scheme === 'Bearer' || content.scheme === 'fields') && content.token) {
    return [content.token];
  }
  const { scheme, value } = splitAuthorization(authorization);
  const basic = scheme === 'basic' ? decodeBasic(value) : undefined;
  return basic ? tokensIn([basic.username, basic.password]) : jwtsIn(authorization);
}
