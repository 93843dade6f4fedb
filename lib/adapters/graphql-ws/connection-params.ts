import { isRecord } from '../../protocol/message.js';
import { refusedBy, type Refusal } from '../../protocol/refusal.js';

/** Fields of the payload that hold a token after a scheme, as HTTP has it. */
const headerNames = ['authorization', 'Authorization'] as const;

/** Fields that hold a secret, whatever reads them. */
const secretFields = ['token', 'authToken', 'password', 'access_token', ...headerNames] as const;

const redacted = 'REDACTED';
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
export function redactParams(params: unknown): Record<string, unknown> | undefined {
  if (!isRecord(params)) {
    return undefined;
  }
  const shown = redactFields(params);
  const { headers } = params;
  return isRecord(headers) ? { ...shown, headers: redactFields(headers) } : shown;
}

function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  const secrets = secretFields.filter((name) => Object.hasOwn(fields, name));
  return { ...fields, ...Object.fromEntries(secrets.map((name) => [name, redacted])) };
}

function withoutScheme(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(bearer, '') : value;
}
