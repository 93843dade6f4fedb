/**
 * How the messages of jsonwebtoken begin, and a name for what each states. All of its failures share one class, and the rest of a
 * message may quote a claim of the token.
 */
const messages: readonly (readonly [start: string, fault: string])[] = [
  ['invalid signature', 'signature'],
  ['jwt signature is required', 'algorithm'],
  ['invalid algorithm', 'algorithm'],
  ['jwt audience invalid', 'audience'],
  ['jwt issuer invalid', 'issuer'],
  ['jwt subject invalid', 'subject'],
  ['jwt malformed', 'no-jwt'],
  ['jwt must be', 'no-jwt'],
  ['invalid token', 'no-jwt'],
  ['secret or public key must be provided', 'key'],
  ['secretOrPublicKey', 'key'],
];

/** The codes of jose for the same. */
const codes: Readonly<Record<string, string>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'signature',
  ERR_JOSE_ALG_NOT_ALLOWED: 'algorithm',
  ERR_JWS_INVALID: 'no-jwt',
  ERR_JWT_INVALID: 'no-jwt',
  ERR_JWKS_NO_MATCHING_KEY: 'key',
};

/** The claims that jose names where one is not as expected. */
const claims: Readonly<Record<string, string>> = {
  aud: 'audience',
  iss: 'issuer',
  sub: 'subject',
};

/** Codes of Node.js and of libraries are constants such as `ECONNREFUSED`. */
const constant = /^E[A-Z]+(?:_[A-Z]+){0,7}$/;

/**
 * Name of what exactly was wrong, where the error of a strategy has one: `signature`, `audience`, or the code of the error such as
 * `ECONNREFUSED`. It is one of the names above or a constant of a program, never a part of a message.
 */
export function libraryFault(reason: unknown): string | undefined {
  try {
    return reason instanceof Error ? (faultOf(reason) ?? faultOfCause(reason)) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether an error states that what the strategy asks could not be reached, such as the server of its keys. passport-jwt and
 * passport-ldapauth pass such an error to `fail()`, and it says nothing about the credential.
 */
export function isOutage(reason: unknown): boolean {
  try {
    return reason instanceof Error && [reason, reason.cause].some(isOfConnection);
  } catch {
    return false;
  }
}

/** Codes of sockets, of name resolution and of undici. Others may be about the token, such as that of a file named by its `kid`. */
const connectionCode =
  /^(?:ECONN[A-Z]+|E(?:HOST|NET)[A-Z]+|E(?:SOCKET)?TIMEDOUT|EPIPE|ENOTFOUND|EAI_[A-Z]+|UND_ERR_(?:[A-Z]+_TIMEOUT|SOCKET|CLOSED|DESTROYED))$/;

/** The errors of jwks-rsa that are not about the token, and those of a key server, or of any other, that does not answer in time. */
const keyServerError = /^(?:Jwks(?:RateLimit)?Error|JWKSTimeout|TimeoutError)$/;

function isOfConnection(error: unknown): boolean {
  const { code, syscall, name, isEndpointUnavailable } = Object(error) as Readonly<
    Record<string, unknown>
  >;
  // ENOENT is also that of a Unix socket.
  const isCode = syscall === 'connect' || connectionCode.test(String(code));
  return isCode || isEndpointUnavailable === true || keyServerError.test(String(name));
}

/** `fetch()` wraps what happened to the connection. */
function faultOfCause({ cause }: Error): string | undefined {
  return cause instanceof Error ? faultOf(cause) : undefined;
}

function faultOf(error: Error & { readonly code?: unknown; readonly claim?: unknown }) {
  const { name, message, code, claim } = error;
  if (typeof code === 'string' && constant.test(code) && code.length <= 64) {
    const ofClaim = typeof claim === 'string' && Object.hasOwn(claims, claim) && claims[claim];
    return ofClaim || (Object.hasOwn(codes, code) ? codes[code] : code);
  }
  return name === 'JsonWebTokenError'
    ? messages.find(([start]) => message.startsWith(start))?.[1]
    : undefined;
}
