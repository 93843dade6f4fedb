import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import accepts from 'accepts';
import typeOfRequest from 'type-is';
import { addressKey } from '../policy/address-key.js';
import {
  clientAddress,
  forwardedAddresses,
  isBehindProxy,
  type ProxyTrust,
} from '../policy/proxy-trust.js';
import { noSite, type Site } from './middleware-application.js';
import { MiddlewareResponse } from './middleware-response.js';
import { passportMethods } from './passport-members.js';
import { parseCookies } from './request-cookies.js';

const siteKey = Symbol('nestjs-ws-auth:site');
const answerKey = Symbol('nestjs-ws-auth:answer');

type AnswerListener = Pick<MiddlewareResponse, 'onEnd'>;

/** What the members below are called on. */
interface ExpressRequest extends IncomingMessage {
  readonly [siteKey]?: Site;
  readonly [answerKey]?: AnswerListener;
  readonly protocol: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly hostname: string | undefined;
  get(name: string): string | undefined;
}

/** What `range()` answers for a field that has to be ignored. */
const malformedRange = -2;

/** Labels of the host name that name the site itself, as in `example.com`: the default of Express. */
const siteLabels = 2;

/**
 * The members that Express and Passport add to a request. No bytes of its response are sent.
 *
 * Each answers what Express answers for the same request and the same trust of proxies. The one difference: an address that
 * cannot be read is `undefined`, since two clients with such an address would otherwise count as one.
 *
 * They are getters on a prototype: a strategy that reads none of them pays nothing for them.
 */
const getters: Readonly<Record<string, (request: ExpressRequest) => unknown>> = {
  ip: (request) => readableAddress(request),
  ips: (request) =>
    readableAddress(request) === undefined ? [] : forwardedAddresses(request, trustOf(request)),
  protocol: protocolOf,
  secure: ({ protocol }) => protocol === 'https',
  host: hostOf,
  hostname: ({ host }) => host && /^(?:\[.*?\])?[^:]*/.exec(host)![0],
  subdomains: subdomainsOf,
  path: ({ url }) => pathOf(url!),
  xhr: (request) => request.get('X-Requested-With')?.toLowerCase() === 'xmlhttprequest',
  cookies: (request) => keep(request, 'cookies', parseCookies(request.headers.cookie)),
  baseUrl: () => '',
  params: (request) => keep(request, 'params', {}),
  // No representation is sent for an upgrade: none is fresh, and none has parts.
  fresh: () => false,
  stale: () => true,
  route: (request) =>
    keep(request, 'route', { path: request.path, stack: [], methods: { get: true } }),
  app: (request) => keep(request, 'app', siteOf(request).application),
  // It makes itself a property of the request.
  res: (request) => Object.assign(new MiddlewareResponse(request), request[answerKey]),
};

const methods: Readonly<Record<string, (this: ExpressRequest, ...args: never[]) => unknown>> = {
  get: fieldOf,
  header: fieldOf,
  is(...types: readonly (string | readonly string[])[]) {
    return typeOfRequest(this, types.flat());
  },
  accepts(...types: string[]) {
    return accepts(this).types(...types);
  },
  acceptsCharsets(...charsets: string[]) {
    return accepts(this).charsets(...charsets);
  },
  acceptsEncodings(...encodings: string[]) {
    return accepts(this).encodings(...encodings);
  },
  acceptsLanguages(...languages: string[]) {
    return accepts(this).languages(...languages);
  },
  /** Where a strategy calls it, the strategy decides all the same. */
  next() {},
  range() {
    return this.get('Range') ? malformedRange : undefined;
  },
  ...passportMethods,
};

/** Middleware may assign to any of them, as it may to a property of its own. */
const members: PropertyDescriptorMap = {
  ...mapped(getters, (read, name) => ({
    configurable: true,
    get(this: ExpressRequest) {
      return read(this);
    },
    set(this: object, value: unknown) {
      keep(this, name, value);
    },
  })),
  ...mapped(methods, (value) => ({ configurable: true, writable: true, value })),
};

/** Adds the members to a prototype, or to a request. What it has already stays. */
export function addExpressMembers(holder: object): void {
  for (const [name, member] of Object.entries(members)) {
    if (!(name in holder)) {
      Object.defineProperty(holder, name, member);
    }
  }
}

/** Sets what the members know beyond the request. Without it, they believe no proxy. */
export function setSite(request: object, site: Site | undefined): void {
  (request as { [siteKey]?: Site | undefined })[siteKey] = site;
}

/** How many cookies the strategy, and middleware before it, have set. No client gets them. */
export function lostCookies(request: object): number {
  return cookiesOf(request) + cookiesOf(Object.getPrototypeOf(request) as object);
}

function cookiesOf(request: object): number {
  const response: unknown = Object.getOwnPropertyDescriptor(request, 'res')?.value;
  return response instanceof MiddlewareResponse ? response.lostCookies : 0;
}

/** Has the listener called when a strategy ends the response by itself instead of calling one of its actions. */
export function onAnswer(request: object, onEnd: AnswerListener['onEnd']): void {
  (request as { [answerKey]?: AnswerListener })[answerKey] = { onEnd };
  const ofMiddleware: unknown = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(request),
    'res',
  )?.value;
  if (ofMiddleware instanceof MiddlewareResponse) {
    // That of express-session saves the session.
    Reflect.deleteProperty(ofMiddleware, 'end');
    ofMiddleware.onEnd = onEnd;
  }
}

function siteOf(request: ExpressRequest): Site {
  return request[siteKey] ?? noSite;
}

function trustOf(request: ExpressRequest): ProxyTrust {
  return siteOf(request).trust;
}

function readableAddress(request: ExpressRequest): string | undefined {
  const address = clientAddress(request, trustOf(request));
  return address !== undefined && addressKey(address) !== undefined ? address : undefined;
}

function protocolOf(request: ExpressRequest): string {
  const own = (request.socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http';
  return isBehindProxy(request, trustOf(request))
    ? firstOf(request.get('X-Forwarded-Proto') || own).trim()
    : own;
}

function hostOf(request: ExpressRequest): string | undefined {
  const forwarded = request.get('X-Forwarded-Host');
  const host =
    forwarded && isBehindProxy(request, trustOf(request))
      ? firstOf(forwarded).trimEnd()
      : request.get('Host');
  return host || undefined;
}

function firstOf(list: string): string {
  return list.split(',', 1)[0]!;
}

function subdomainsOf(request: ExpressRequest): string[] {
  const { hostname } = request;
  const { settings } = siteOf(request).application;
  const offset = (settings['subdomain offset'] as number | undefined) ?? siteLabels;
  return hostname ? labelsOf(hostname).slice(offset) : [];
}

function labelsOf(hostname: string): string[] {
  return isIP(hostname) === 0 ? hostname.split('.').toReversed() : [hostname];
}

/** Also of an absolute-form target, `http://host/path`. */
function pathOf(url: string): string {
  return /^(?:\w+:\/\/[^/?]*)?([^?]*)/.exec(url)![1] || '/';
}

function fieldOf(this: ExpressRequest, name: string): string | string[] | undefined {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError('name must be a string that is not empty');
  }
  const { headers } = this;
  const field = name.toLowerCase();
  return field === 'referer' || field === 'referrer'
    ? headers['referrer'] || headers.referer
    : headers[field];
}

/** Makes a value a property of the request's own, so that it is computed once and may be changed. */
function keep<Value>(request: object, name: string, value: Value): Value {
  Object.defineProperty(request, name, {
    configurable: true,
    enumerable: true,
    writable: true,
    value,
  });
  return value;
}

function mapped<Value>(
  record: Readonly<Record<string, Value>>,
  describe: (value: Value, name: string) => PropertyDescriptor,
): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, describe(value, name)]),
  );
}
