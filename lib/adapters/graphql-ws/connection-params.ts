import { isRecord } from '../../protocol/message.js';
import { refusedBy, type Refusal } from '../../protocol/refusal.js';
import { redactPayload, type KnownProof } from '../redact-payload.js';

/** Fields of the payload that hold a token after a scheme, as HTTP has it. */
const headerNames = ['authorization', 'Authorization'] as const;

const bearer = /^bearer +/i;

/**
 * The payload of `connection_init` in the form of a first message: the token, from wherever clients of GraphQL put it, as `token`.
 *
 * @returns `undefined` for a payload without fields; a refusal for two different tokens, since which one counts would be an accident
 */
export function credentialFields(
  params: unknown,
): Readonly<Record<string, unknown>> | Refusal | undefined {
  if (!isRecord(params)) {
    return undefined;
  }
  const { headers, token, ...rest } = params;
  const places = [params, ...(isRecord(headers) ? [headers] : [])];
  const inHeaders = places.flatMap((place) => headerNames.flatMap((name) => place[name] ?? []));
  const tokens = new Set([
    ...(token === undefined ? [] : [token]),
    ...inHeaders.map(withoutScheme),
  ]);
  if (tokens.size > 1) {
    return refusedBy('several-credentials', 'ERR_WS_AUTH_SEVERAL_CREDENTIALS', {
      extractor: 'fromFirstMessage',
    });
  }
  const { authorization: _lower, Authorization: _upper, ...fields } = rest;
  const [found] = tokens;
  return tokens.size === 0 ? fields : { ...fields, token: found };
}

/** What hooks, resolvers and logs of the application see of the payload. */
export function redactParams(
  params: unknown,
  proof?: KnownProof,
): Record<string, unknown> | undefined {
  return isRecord(params) ? (redactPayload(params, proof) as Record<string, unknown>) : undefined;
}

function withoutScheme(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(bearer, '') : value;
}
