import { textOf } from './text-of.js';

/** What a message does not have: a response, and most of a request. A guard that reads the user alone works on messages, too. */
const readsRequest = /getResponse|\.(?:headers|cookies|params|query|body|ip|ips)\b/;
const readsHttp = /switchToHttp/;
const knowsWebSockets = /getType|switchToWs/;
/** A field of the user that is read: neither one that is written, nor the end of a sentence in a text. */
const readsUser = /\buser(?:\?\.|\.(?!\w+\s*=[^=])\w)/;
const knowsUsers = /sessionOf|userOf|getType|switchToWs|\.user\b/;

/**
 * Whether a guard is written for HTTP alone, as `AuthGuard()` of Passport and `ThrottlerGuard` are: on a message it throws, and
 * the client is answered with "Internal server error". It is found by its code and that of its base classes, since a guard
 * has no other mark.
 */
export function isHttpGuard(guard: unknown): boolean {
  const code = guardCode(guard);
  return readsHttp.test(code) && readsRequest.test(code) && !knowsWebSockets.test(code);
}

/**
 * Whether a guard is `AuthGuard()` of Passport, or a class of the application that extends it and does not look for a user or a session
 * first.
 */
export function authenticatesRequests(guard: unknown): boolean {
  const own = besidePassport(guard);
  return own !== undefined && !knowsUsers.test(own.map(textOf).join('\n'));
}

/** Whether a class that extends `AuthGuard()` has a `handleRequest()` that looks at the user: the one of Nest's documentation does not. */
export function checksUsers(guard: unknown): boolean {
  const own = besidePassport(guard) ?? [];
  return own.some(({ prototype }) => {
    const handleRequest: unknown = Object.getOwnPropertyDescriptor(
      prototype as object,
      'handleRequest',
    )?.value;
    return typeof handleRequest === 'function' && readsUser.test(textOf(handleRequest as Method));
  });
}

/** The classes of an application that extend `AuthGuard()` of Passport; none for `AuthGuard()` itself, `undefined` for other guards. */
function besidePassport(guard: unknown): readonly ClassLike[] | undefined {
  const classes = classesOf(guard);
  const ofPassport = classes.findIndex((each) => textOf(each).startsWith('class MixinAuthGuard'));
  return ofPassport < 0 ? undefined : classes.slice(0, ofPassport);
}

/** The code of a guard, and of its base classes. */
export function guardCode(guard: unknown): string {
  return classesOf(guard).map(textOf).join('\n');
}

/** Name of a guard as the application writes it. */
export function guardName(guard: unknown): string {
  const [own] = classesOf(guard);
  const name = own?.name ?? 'a guard';
  // `mixin()` of Nest gives the class a random name.
  const written = /^[\da-f]{21}$/.test(name) ? /^class (\w+)/.exec(textOf(own!))?.[1] : undefined;
  return written === 'MixinAuthGuard' ? 'AuthGuard()' : (written ?? name);
}

/** The class of a guard, or of its instance, and its base classes. */
function classesOf(guard: unknown): ClassLike[] {
  const classes: ClassLike[] = [];
  let each: unknown = typeof guard === 'function' ? guard : (guard as object | null)?.constructor;
  while (typeof each === 'function' && each !== Function.prototype && each !== Object) {
    classes.push(each as ClassLike);
    each = Object.getPrototypeOf(each);
  }
  return classes;
}

type Method = (...args: never[]) => unknown;

type ClassLike = abstract new (...args: never[]) => unknown;
