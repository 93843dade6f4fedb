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
  /**
   * A client must not send a token in two ways (RFC 6750 §2), and `passport-http-bearer` refuses one that stands both in
   * `Authorization` and in the parameter `access_token`. A strategy that has read the one does not find the other.
   */
  #authorizationRead = false;

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
      const isAuthorization = name === 'authorization';
      const isPassword = isAuthorization && this.content.scheme === 'Basic';
      const tokens = isAuthorization
        ? this.#tokensOfAuthorization(String(value))
        : this.#tokensOf(value, name === 'cookie');
      const onRead = isAuthorization ? () => (this.#authorizationRead = true) : undefined;
      this.#watch(headers, name, { value, tokens, isPassword, onRead });
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

  /** Each cookie on its own, parsed when the strategy asks for one: reading one does not read the token in another. */
  #watchCookies(request: StrategyRequest, header: string): void {
    let cookies: unknown;
    if (Object.hasOwn(request, 'cookies')) {
      cookies = this.#copyOf((request as unknown as Holder)['cookies'], 0);
    }
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
    const tokens = this.#tokensOf(url, true);
    if (tokens.length === 0) {
      return;
    }
    for (const name of ['url', 'originalUrl']) {
      this.#watch(request, name, { value: url, tokens, isPassword: false });
    }
    for (const [name, value] of Object.entries(query)) {
      const isRepeated = name === 'access_token' && value === this.#token;
      const isHidden = isRepeated ? () => this.#authorizationRead : undefined;
      this.#watch(query, name, {
        value,
        tokens: this.#tokensOf(value),
        isPassword: false,
        isHidden,
      });
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

  get #token(): string | undefined {
    const { content } = this;
    return 'token' in content ? content.token : undefined;
  }

  /**
   * The token of the credential counts whatever its form.
   *
   * @param isEncoded whether it stands percent-encoded among other things, as in a URL and in a list of cookies
   */
  #tokensOf(value: unknown, isEncoded = false): readonly string[] {
    const token = this.#token;
    if (typeof value !== 'string' || token === undefined || token === '') {
      return tokensIn(value);
    }
    const isHere = isEncoded ? value.includes(`=${encodeURIComponent(token)}`) : value === token;
    return isHere ? [...new Set([token, ...jwtsIn(value)])] : jwtsIn(value);
  }

  #watch(holder: object, name: string, watched: Watched): void {
    const { value, tokens, isPassword, onRead, isHidden } = watched;
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
        if (isHidden?.()) {
          return undefined;
        }
        onRead?.();
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
  readonly onRead?: (() => void) | undefined;
  /** Whether the strategy is not to see it (any more). */
  readonly isHidden?: (() => boolean) | undefined;
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
      for (const [name, field] of Object.entries(next)) {
        left.push(name, field);
      }
    }
  }
  return found;
}
