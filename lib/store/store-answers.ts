import { WsAuthStoreError } from '../errors/ws-auth-store.error.js';
import type { LeaseAnswer, NodeRecord } from './ws-auth-store.js';

/**
 * What a store answers to the question whether something is revoked. A store that forgets to return would open what was revoked.
 *
 * @throws {WsAuthStoreError} for everything that is not a boolean
 */
export function revokedAnswer(answer: unknown): boolean {
  return booleanAnswer('isRevoked', answer);
}

/**
 * What a store answers to a publication: whether anything of the node was known before.
 *
 * @throws {WsAuthStoreError} for everything that is not a boolean
 */
export function knownAnswer(answer: unknown): boolean {
  return booleanAnswer('putPresence', answer);
}

function booleanAnswer(method: string, answer: unknown): boolean {
  if (typeof answer !== 'boolean') {
    throw new WsAuthStoreError(`${method}() of the store answered no boolean`);
  }
  return answer;
}

/**
 * What a store answers to the question what nodes have published.
 *
 * @throws {WsAuthStoreError} for everything that is not a list of records
 */
export function recordsAnswer(answer: unknown): readonly NodeRecord[] {
  if (!Array.isArray(answer) || !answer.every(isNodeRecord)) {
    throw new WsAuthStoreError('presenceOf() of the store answered no list of records');
  }
  return answer;
}

function isNodeRecord(value: unknown): value is NodeRecord {
  const { node, record } = Object(value) as Partial<NodeRecord>;
  return typeof node === 'string' && typeof record === 'string';
}

/**
 * What a store answers to the claim of a lease. The answer of one that forgets to return would be a place for every session.
 *
 * @throws {WsAuthStoreError} for everything that is neither `'full'` nor a list of ids
 */
export function leaseAnswer(answer: unknown): LeaseAnswer {
  const isList = Array.isArray(answer) && answer.every((each) => typeof each === 'string');
  if (answer !== 'full' && !isList) {
    throw new WsAuthStoreError(
      "claimLease() of the store answered neither 'full' nor a list of ids",
    );
  }
  return answer;
}

/**
 * The time that a store states, in epoch milliseconds. A revocation with another date would concern no token.
 *
 * @throws {WsAuthStoreError} for everything that is not a positive, finite number
 */
export function timeAnswer(answer: unknown): number {
  if (typeof answer !== 'number' || !Number.isFinite(answer) || answer <= 0) {
    throw new WsAuthStoreError('now() of the store answered no number');
  }
  return answer;
}
