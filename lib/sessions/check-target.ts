import { WsAuthError } from '../errors/ws-auth.error.js';
import { userKey } from '../policy/user-key.js';
import type { CheckedTarget, RevocationTarget, SessionTarget } from './revocation-target.js';

/** Fields that a target of `revoke()` may have, in alphabetical order. */
const revocable: ReadonlySet<string> = new Set([
  'userId',
  'issuedBefore userId',
  'sessionId',
  'tokenId',
  'issuedBefore',
]);

/** The same for `disconnect()`. */
const live: ReadonlySet<string> = new Set(['userId', 'sessionId']);

/**
 * Reads a target of `revoke()`. One that is empty, names two things, has a name that is misspelt, or a time that is not a number
 * would revoke too much or nothing.
 *
 * @throws {WsAuthError} `ERR_WS_AUTH_REVOCATION`
 */
export function checkTarget(target: RevocationTarget): CheckedTarget {
  return read(
    target,
    revocable,
    'a revocation names one user, session or token, or a time of issue in epoch milliseconds',
  );
}

/**
 * Reads a target of `disconnect()`, which knows neither tokens nor times of issue.
 *
 * @throws {WsAuthError} `ERR_WS_AUTH_REVOCATION`
 */
export function checkSessionTarget(target: SessionTarget): CheckedTarget {
  return read(target, live, 'disconnect() takes { userId } or { sessionId } and no other field');
}

function read(target: object, allowed: ReadonlySet<string>, expected: string): CheckedTarget {
  const given = Object.entries({ ...target }).filter(([, value]) => value !== undefined);
  const fields: Record<string, unknown> = Object.fromEntries(given);
  const { userId, issuedBefore = 0 } = fields;
  const isAllowed = allowed.has(Object.keys(fields).toSorted().join(' '));
  if (!isAllowed || !Number.isFinite(issuedBefore)) {
    throw new WsAuthError('ERR_WS_AUTH_REVOCATION', expected);
  }
  const time = fields as { readonly issuedBefore: number };
  if (userId !== undefined) {
    return { ...time, userId: demandKey(userId) };
  }
  const ids = Object.entries(fields).filter(([name]) => name !== 'issuedBefore');
  if (ids.some(([, id]) => typeof id !== 'string' || id === '')) {
    throw new WsAuthError('ERR_WS_AUTH_REVOCATION', expected);
  }
  return fields as CheckedTarget;
}

function demandKey(value: unknown): string {
  const key = userKey(value);
  if (key === undefined) {
    throw new WsAuthError(
      'ERR_WS_AUTH_REVOCATION',
      'userId: expected the key of a user: a text that is not blank, an exact number, a bigint, or an object with a text of ' +
        'its own',
    );
  }
  return key;
}
