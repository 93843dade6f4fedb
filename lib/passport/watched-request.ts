import { decodeBasic } from '../credentials/basic.js';
import { splitAuthorization } from '../credentials/authorization-header.extractor.js';
import type { CredentialContent } from '../credentials/credential.js';
import { jwtsIn } from '../credentials/jwt.js';
import { parseCookies } from './request-cookies.js';
import type { StrategyRequest } from './strategy-request.js';

type Holder = Record<PropertyKey, unknown>;

/** Depth to which each field of a message is watched on its own. What lies deeper is watched as a whole. */
const maxDepth = 8;

/**
 * The tokens and passwords that the request of a strategy holds, and which of them the strategy has read.
 *
 * A strategy can only have verified what it has read, so a token beside it, which the client may have made up, proves nothing. Only
 * values that hold a token or a password are replaced, by accessors that behave like them.
 */
export class WatchedRequest {
  /** All tokens, wherever they stand. */
  readonly held = new Set<string>();
  /** Those that the strategy has read. */
  readonly read = new Set<string>();
  /** Whether the strategy has read a password. */
  passwordRead = false;

  /** @param passwordField name of the field that holds the password */
  constructor(
    request: StrategyRequest,
    private readonly content: CredentialContent,
    private readonly passwordField: string,
  ) {
    this.#watchHeaders(request);
    this.#watchUrl(request);
    this.#watchMiddleware(request);
    if (content.scheme === 'fields') {
      request.body = this.#copyOf(content.body, 0) as object;
    }
  }

  #watchHeaders(request: StrategyRequest): void {
    const headers = request.headers as Holder;
    const ofHeaders: string[] = [];
    for (const [name, value] of Object.entries(headers)) {
      const isBasic = name === 'authorization' && this.content.scheme === 'Basic';
      const tokens =
        name === 'authorization' ? this.#tokensOfAuthorization(String(value)) : tokensIn(value);
      this.#watch(headers, name, { value, tokens, isPassword: isBasic });
      if (name === 'cookie' && tokens.length > 0) {
        this.#watchCookies(request, String(value));
      }
      ofHeaders.push(...tokens);
    }
    if (ofHeaders.length > 0) {
      const { rawHeaders: value } = request;
      this.#watch(request, 'rawHeaders', { value, tokens: ofHeaders, isPassword: false });
    }
  }

  /** Each cookie on its own, parsed when the strategy asks for one: reading one says nothing about the token in another. */
  #watchCookies(request: StrategyRequest, header: string): void {
    let cookies: unknown;
    define(request, 'cookies', {
      get: () => (cookies ??= this.#copyOf(parseCookies(header), 0)),
      set: (changed: unknown) => {
        cookies = changed;
      },
    });
  }

  #tokensOfAuthorization(authorization: string): readonly string[] {
    const { content } = this;
    if ((content.scheme === 'Bearer' || content.scheme === 'fields') && content.token) {
      return [content.token];
    }
    const { scheme, value } = splitAuthorization(authorization);
    const basic = scheme === 'basic' ? decodeBasic(value) : undefined;
    return basic ? tokensIn([basic.username, basic.password]) : jwtsIn(authorization);
  }

  #watchUrl(request: StrategyRequest): void {
    const { url = '', query } = request;
    const tokens = jwtsIn(url);
    if (tokens.length === 0) {
      return;
    }
    for (const name of ['url', 'originalUrl']) {
      this.#watch(request, name, { value: url, tokens, isPassword: false });
    }
    for (const [name, value] of Object.entries(query)) {
      this.#watch(query, name, { value, tokens: tokensIn(value), isPassword: false });
    }
  }

  /** What middleware such as `cookie-parser` has put on the request. */
  #watchMiddleware(request: StrategyRequest): void {
    const base = Object.getPrototypeOf(request) as Holder;
    for (const name of Object.keys(base).filter((each) => !Object.hasOwn(request, each))) {
      const value: unknown = Object.getOwnPropertyDescriptor(base, name)!.value;
      if (name === 'cookies' || name === 'signedCookies') {
        define(request, name, { value: this.#copyOf(value, 0), writable: true });
      } else if (typeof value === 'string') {
        this.#watch(request, name, { value, tokens: jwtsIn(value), isPassword: false });
      }
    }
  }

  /** A copy of JSON whose fields are watched. */
  #copyOf(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null || depth === maxDepth) {
      return value;
    }
    const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
    for (const [name, field] of Object.entries(value)) {
      // Nothing shows which names a strategy has read.
      jwtsIn(name).forEach((token) => this.held.add(token));
      const inside = this.#copyOf(field, depth + 1);
      if (inside === field) {
        const isPassword = name === this.passwordField && typeof field === 'string' && field !== '';
        this.#watch(copy, name, { value: field, tokens: this.#tokensOf(field), isPassword });
      } else {
        define(copy, name, { value: inside, writable: true });
      }
    }
    return copy;
  }

  /** The token of the credential counts whatever its form. */
  #tokensOf(value: unknown): readonly string[] {
    const { content } = this;
    const isCredential = content.scheme === 'fields' && value === content.token;
    return isCredential && typeof value === 'string' ? [value] : tokensIn(value);
  }

  #watch(holder: object, name: string, { value, tokens, isPassword }: Watched): void {
    if (tokens.length === 0 && !isPassword) {
      if (!Object.hasOwn(holder, name)) {
        define(holder, name, { value, writable: true });
      }
      return;
    }
    tokens.forEach((token) => this.held.add(token));
    let current = value;
    let isRead = false;
    define(holder, name, {
      get: () => {
        // Once: a strategy may read a list of a thousand tokens a thousand times.
        if (!isRead) {
          isRead = true;
          tokens.forEach((token) => this.read.add(token));
          this.passwordRead ||= isPassword;
        }
        return current;
      },
      set: (changed: unknown) => {
        current = changed;
      },
    });
  }
}

/** A value, and what is of interest in it. */
interface Watched {
  readonly value: unknown;
  readonly tokens: readonly string[];
  readonly isPassword: boolean;
}

function define(holder: object, name: string, property: PropertyDescriptor): void {
  Object.defineProperty(holder, name, { ...property, configurable: true, enumerable: true });
}

/** The JWTs in all texts of a value, however deep it is. */
function tokensIn(value: unknown): readonly string[] {
  switch (typeof value) {
    case 'string':
      return jwtsIn(value);
    case 'object':
      return textsIn(value).flatMap(jwtsIn);
    default:
      return [];
  }
}

/** All texts of a value, however deep it is, and the names of its fields. */
export function textsIn(value: unknown): string[] {
  const found: string[] = [];
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string') {
      found.push(next);
    } else if (typeof next === 'object' && next !== null) {
      left.push(...Object.entries(next).flat());
    }
  }
  return found;
}
