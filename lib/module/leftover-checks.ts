import type { GatewayClass } from '../decorators/gateway-demand.js';
import { textOf } from '../guards/text-of.js';
import { guardCode, guardName, isHttpGuard } from '../guards/http-guards.js';
import type { Policy } from '../policy/policy.js';
import { guardsOf, methodsOf } from './gateway-methods.js';

/**
 * Places of a handshake by which most checks of applications find the token, as they write them. Each part is short, so that the time grows
 * as the code does.
 */
const ofHeader = [
  // One that is written is that of a request to another server.
  /headers\??\.authorization\b(?!\s*=[^=])/i,
  /headers(?:\?\.)?\[['"]authorization['"]\](?!\s*=[^=])/i,
  /\{[^{}]{0,200}\bauthorization\b[^{}]{0,200}\}\s{0,9}=[^;]{0,200}\bheaders\b/i,
];
const ofAuth = [
  /(?<!this\.)\bauth\??\.(?:token\b|\[['"]token)/,
  /(?<!this\.)\bauth\[['"]token/,
  /\{[^{}]{0,200}\btoken\b[^{}]{0,200}\}\s{0,9}=[^;]{0,200}\bhandshake\b[^;]{0,200}\bauth\b/,
];

/**
 * Warnings of a check that was left in a gateway: it looks for the token where handlers, hooks and guards find `REDACTED`, so that it
 * refuses every client, and no line of the log states why. It is found by its code, as a guard for HTTP is.
 */
export function leftoverChecks(gateway: GatewayClass, policy: Policy): readonly string[] {
  const reads = (code: string) => patternsOf(policy, code).some((pattern) => pattern.test(code));
  const methods = methodsOf(gateway);
  const ofMethods = methods
    .filter(({ method }) => reads(textOf(method)))
    .map(({ name }) => `${gateway.name}.${name}()`);
  const guards = new Set([gateway, ...methods.map(({ method }) => method)].flatMap(guardsOf));
  const ofGuards = [...guards]
    .filter((guard) => !isHttpGuard(guard) && reads(guardCode(guard)))
    .map((guard) => `@UseGuards(${guardName(guard)}) of ${gateway.name}`);
  return [...new Set([...ofMethods, ...ofGuards])].map(
    (where) =>
      `${where} looks for the token of the handshake, and finds REDACTED: the client is authenticated before; remove the check, and ` +
      'take the user from @WsUser() or userOf(client)',
  );
}

/** Other objects are named `auth`, too: the payload is a part of the handshake. */
function patternsOf(
  { firstMessage, redaction, transport }: Policy,
  code: string,
): readonly RegExp[] {
  const hasPayload = firstMessage && transport === 'socket.io' && /\bhandshake\b/.test(code);
  return [
    ...ofHeader,
    ...(hasPayload ? ofAuth : []),
    ...[...redaction.queryParams].map(ofParameter),
  ];
}

/** `searchParams.get('token')`, `query.token`, `query['token']`. */
function ofParameter(name: string): RegExp {
  const text = name.replace(/[^\w-]/g, '\\$&');
  return new RegExp(
    `(?:searchParams\\.get\\(|query\\??\\.?\\[)['"]${text}['"]|query\\??\\.${text}(?![\\w-])`,
  );
}
