import type { Claims } from '../credentials/jwt.js';

/**
 * The claims among the arguments of a verify function. Strategies that introspect an opaque token (RFC 7662), or decrypt one, hand over
 * what it states as an object, and `validate()` seldom returns its end.
 *
 * Only those count that end or refuse a session, since an object may be what the client has sent: it could make up a time of issue.
 */
export function claimsIn(args: readonly unknown[]): readonly Claims[] {
  return args.flatMap((each) => {
    const claims = typeof each === 'object' && each !== null ? claimsOf(each) : {};
    return Object.keys(claims).length === 0 ? [] : [claims];
  });
}

/** The year 2001, in seconds: an end before it is none, since the strategy has accepted what states it. */
const firstEnd = 1_000_000_000;

/** Profiles of users may have an `exp` of another kind, such as a text, the points of a player, or `Infinity`. */
function claimsOf(value: object): Claims {
  try {
    const { exp, jti, cnf } = value as Claims;
    return {
      ...(Number.isFinite(exp) && Number(exp) > firstEnd && { exp }),
      ...(jti !== undefined && { jti }),
      ...(cnf !== undefined && { cnf }),
    };
  } catch {
    return {};
  }
}
