import { comesTooLate } from '../passport/thenable.js';
import type { WsAuthModuleOptions } from './options.js';

/**
 * A value that can be the key of a user: a text, a number, a bigint, or an object with a text of its own, such as an
 * `ObjectId` or a `Decimal`. Values with the same text are one key.
 */
export type WsAuthUserKey = string | number | bigint | (object & NotPromise);

/** No promise: its key would come too late. */
interface NotPromise {
  /** What makes an object a promise. */
  readonly then?: never;
}

/** The key of a user, and the field that it was read from. */
export interface FoundKey {
  /** `undefined` for a user without a key. */
  readonly key: string | undefined;
  /** The first default field that has a value; `undefined` if none has, and for a key that the application names. */
  readonly field: string | undefined;
}

/**
 * Fields that hold the key of a user unless the application names another: claims before the id of a database record, since
 * a record that names its user by `sub` or `userId` may be a membership or a login, and `username` last, since it changes.
 */
export const keyFields = ['id', 'sub', 'userId', '_id', 'username'] as const;

/** Finds the key of a user: the one that the option `userId` names, or the first default field that has a value. */
export function findUserKey(user: object, userId: WsAuthModuleOptions['userId']): FoundKey {
  if (userId) {
    const named: unknown = userId(user as never);
    return {
      key: isOfNothing(named, user) || comesTooLate(named) ? undefined : userKey(named),
      field: undefined,
    };
  }
  for (const field of keyFields) {
    const value = (user as Record<string, unknown>)[field];
    if (value !== undefined && value !== null) {
      const isEmpty = field !== 'username' && isOfNothing(value, user);
      return { key: isEmpty ? undefined : userKey(value), field };
    }
  }
  return { key: undefined, field: undefined };
}

/**
 * The text of a key, or `undefined` for a value that cannot be one. Everything that takes the key of a user reads it here,
 * so that one user never has two keys.
 *
 * A value without a reliable text is refused, since two users would share a key, or one would have many: blank text, `NaN`,
 * a whole number that has lost digits, arrays, dates, bytes, `[object Object]`, and a text that changes.
 */
export function userKey(value: unknown): string | undefined {
  const text = textOf(value);
  const isKey = text !== undefined && text.trim() !== '' && !loneSurrogate.test(text);
  return isKey ? text : undefined;
}

/** Stores write UTF-8, where all lone surrogates are the same. */
const loneSurrogate = /\p{Surrogate}/u;

function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
      return String(value);
    case 'number':
      return isExact(value) ? String(value) : undefined;
    case 'object':
      return value === null ? undefined : textOfObject(value);
    default:
      return undefined;
  }
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

function textOfObject(value: object): string | undefined {
  const hasNone = Array.isArray(value) || value instanceof Date || ArrayBuffer.isView(value);
  return hasNone
    ? undefined
    : (callForText(value, 'toString') ?? callForText(value, 'toHexString'));
}

/** Asked twice, since a text that changes gives a user a new key for every connection. */
function callForText(value: object, method: string): string | undefined {
  const ask = (): unknown => {
    const member = (value as Record<string, unknown>)[method];
    return typeof member === 'function' ? (member.call(value) as unknown) : undefined;
  };
  const text = ask();
  return typeof text === 'string' && !noText.test(text) && text === ask() ? text : undefined;
}

/** Texts of objects without a text of their own: also those of another realm, of a failed calculation, and of bytes that are not UTF-8. */
const noText = /^\[object |^[+-]?(?:NaN|Infinity)$|\ufffd/;

/**
 * What `String()` and templates make of a field that is not there, also as a part of a key such as `tenant:undefined`: all users without
 * it would be one user.
 */
const textOfNothing = /(?:^|[:|/#])(undefined|null|NaN|\[object \w+\])(?:$|[:|/#])/;

/** Users choose their names, and one may be called "null", who must not escape limits and revocation by that. */
function isOfNothing(value: unknown, user: { readonly username?: unknown }): boolean {
  const found = typeof value === 'string' ? textOfNothing.exec(value) : null;
  // Read last: that of a record may be a getter that throws.
  return found !== null && found[1] !== user.username;
}
