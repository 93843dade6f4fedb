import type { CredentialContent } from '../credentials/credential.js';
import { jwtsInPieces, type PiecedJwts } from '../credentials/jwt-pieces.js';
import { jwtsIn } from '../credentials/jwt-search.js';
import { namedTextsIn } from './named-texts.js';
import { parseCookies, parsedBefore } from './request-cookies.js';
import {
  formOfSecret,
  isOfEveryRequest,
  secretOfAuthorization,
  secretOfParam,
  type SecretPlaces,
} from './secret-places.js';
import { SecretsRead } from './secrets-read.js';
import type { StrategyRequest } from './strategy-request.js';
import { tokensIn, tokensOfAuthorization } from './tokens-in.js';
import { define, watchValue, type Watched } from './watched-value.js';

type Holder = Record<PropertyKey, unknown>;

/** Depth to which each field of a message is watched on its own. What lies deeper is watched as a whole. */
const maxDepth = 8;

const noPieces: PiecedJwts = new Map();

/**
 * The tokens, other secrets and passwords that the request of a strategy holds, and which of them the strategy has read.
 *
 * A strategy can only have verified what it has read, so a token beside it, which the client may have made up, proves nothing. Only
 * values of interest are replaced, by accessors that behave like them.
 */
export class WatchedRequest {
  /** All tokens, wherever they stand. */
  readonly held = new Set<string>();
  /** Those that the strategy has read. */
  readonly read = new Set<string>();
  /** Other texts that the strategy has read in places of credentials, such as an API key. */
  readonly secretsRead = new SecretsRead();
  /** Whether the strategy has read a password. */
  passwordRead = false;
  /** Whether the strategy has read a cookie, or all of them. */
  cookieRead = false;
  /** Whether the strategy has read anything else that could be a credential. */
  otherRead = false;
  readonly #pieces: PiecedJwts;
  /**
   * A client must not send a token in two ways (RFC 6750 §2), and `passport-http-bearer` refuses one that stands both in
   * `Authorization` and in the parameter `access_token`. A strategy that has read the one does not find the other.
   */
  #authorizationRead = false;

  constructor(
    private readonly request: StrategyRequest,
    private readonly content: CredentialContent,
    private readonly places: SecretPlaces,
  ) {
    this.#pieces = this.#piecesIn(request);
    this.#watchHeaders();
    this.#watchUrl();
    this.#watchMiddleware();
    if (content.scheme === 'fields') {
      request.body = this.#copyOf(content.body) as object;
    }
  }

  /** A token that an extractor has found is in one piece. */
  #piecesIn(request: StrategyRequest): PiecedJwts {
    const { content } = this;
    if (content.scheme === 'fields') {
      return jwtsInPieces(namedTextsIn(content.body));
    }
    if (content.scheme !== 'request') {
      return noPieces;
    }
    const { headers, query } = request;
    const parsed = [parsedBefore(request, 'cookies'), parsedBefore(request, 'signedCookies')];
    const sent = [headers, query, parseCookies(headers.cookie), ...parsed];
    return jwtsInPieces(sent.flatMap(namedTextsIn));
  }

  #watchHeaders(): void {
    const { request } = this;
    const headers = request.headers as Holder;
    const { cookie } = request.headers;
    const ofHeaders: string[] = [];
    for (const [name, value] of Object.entries(headers)) {
      const watched = this.#watchedHeader(name, value);
      this.#watch(headers, name, watched);
      ofHeaders.push(...watched.tokens);
    }
    const isPresented = Object.hasOwn(request, 'cookies');
    if (cookie !== undefined && (isPresented || parsedBefore(request, 'cookies') === undefined)) {
      this.#watchCookies(cookie);
    }
    const { rawHeaders: value } = request;
    const onRead = this.#noting('cookieRead', 'otherRead');
    this.#watch(request, 'rawHeaders', { value, tokens: ofHeaders, onRead });
  }

  #watchedHeader(name: string, value: unknown): Watched {
    const { content, places } = this;
    const text = String(value);
    if (name === 'authorization') {
      return {
        value,
        tokens: tokensOfAuthorization(text, content),
        secret: secretOfAuthorization(text),
        isPassword: content.scheme === 'Basic',
        onRead: () => {
          this.#authorizationRead = true;
          this.otherRead = true;
        },
      };
    }
    if (name === 'cookie') {
      const tokens = this.#tokensAmong(text, parseCookies(text));
      return { value, tokens, onRead: this.#noting('cookieRead') };
    }
    const secret = places.headers.has(name) && text;
    const onRead = isOfEveryRequest(name) ? undefined : this.#noting('otherRead');
    return { value, tokens: this.#tokensOf(value), secret, onRead };
  }

  /** Each cookie on its own, parsed when the strategy asks for one: reading one does not read the token in another. */
  #watchCookies(header: string): void {
    const { request } = this;
    let cookies: unknown;
    if (Object.hasOwn(request, 'cookies')) {
      cookies = this.#copyOfCookies((request as unknown as Holder)['cookies']);
    }
    define(request, 'cookies', {
      get: () => (cookies ??= this.#copyOfCookies(parseCookies(header))),
      set: (changed: unknown) => {
        cookies = changed;
      },
    });
  }

  #copyOfCookies(cookies: unknown): unknown {
    return this.#copyOf(cookies, { onRead: this.#noting('cookieRead') });
  }

  /** What a strategy reads shows whether it has taken a credential only where it reads the request by itself. */
  #noting(...facts: ('cookieRead' | 'otherRead')[]): (() => void) | undefined {
    return this.content.scheme === 'request'
      ? () => facts.forEach((fact) => (this[fact] = true))
      : undefined;
  }

  #watchUrl(): void {
    const { url = '', query } = this.request;
    const tokens = this.#tokensAmong(url, query);
    const onRead = url.includes('?') ? this.#noting('otherRead') : undefined;
    for (const name of ['url', 'originalUrl']) {
      this.#watch(this.request, name, { value: url, tokens, onRead });
    }
    for (const [name, value] of Object.entries(query)) {
      const isRepeated = name === 'access_token' && value === this.#token;
      this.#watch(query, name, {
        value,
        tokens: this.#tokensOf(value),
        secret: secretOfParam(name, value, this.places),
        isHidden: isRepeated ? () => this.#authorizationRead : undefined,
        onRead,
      });
    }
  }

  /** What middleware such as `cookie-parser` has put on the request. */
  #watchMiddleware(): void {
    const { request } = this;
    const base = Object.getPrototypeOf(request) as Holder;
    for (const name of Object.keys(base).filter((each) => !Object.hasOwn(request, each))) {
      const value: unknown = Object.getOwnPropertyDescriptor(base, name)!.value;
      if (name === 'cookies' || name === 'signedCookies') {
        define(request, name, { value: this.#copyOfCookies(value), writable: true });
      } else if (typeof value === 'string') {
        this.#watch(request, name, { value, tokens: jwtsIn(value) });
      }
    }
  }

  /** A copy of JSON whose fields are watched. */
  #copyOf(value: unknown, { depth = 0, onRead }: CopyOptions = {}): unknown {
    if (typeof value !== 'object' || value === null || depth === maxDepth) {
      return value;
    }
    const copy: object = Array.isArray(value) ? [...(value as unknown[])] : { ...value };
    for (const [name, field] of Object.entries(value)) {
      // Nothing shows which names a strategy has read.
      jwtsIn(name).forEach((token) => this.held.add(token));
      const inside = this.#copyOf(field, { depth: depth + 1, onRead });
      if (inside === field) {
        this.#watch(copy, name, this.#watchedField(name, field, onRead));
      } else {
        define(copy, name, { value: inside, writable: true });
      }
    }
    return copy;
  }

  #watchedField(name: string, value: unknown, onRead: (() => void) | undefined): Watched {
    const text = typeof value === 'string' ? value : '';
    const isPassword = text !== '' && name === this.places.passwordField;
    const form = formOfSecret(text);
    return { value, tokens: this.#tokensOf(value), secret: form && text, form, isPassword, onRead };
  }

  get #token(): string | undefined {
    const { content } = this;
    return 'token' in content ? content.token : undefined;
  }

  /** The tokens of a list of values, in its text or decoded, such as a URL. */
  #tokensAmong(list: string, values: object): readonly string[] {
    const token = this.#token;
    const isHere = token && list.includes(`=${encodeURIComponent(token)}`);
    const decoded = Object.values(values).flatMap((value) => this.#tokensOf(value));
    return [...new Set([...(isHere ? [token] : []), ...jwtsIn(list), ...decoded])];
  }

  /** The token of the credential counts whatever its form. */
  #tokensOf(value: unknown): readonly string[] {
    const token = this.#token;
    const pieced = [...((typeof value === 'string' && this.#pieces.get(value)) || [])];
    const isHere = token !== undefined && token !== '' && value === token;
    const own = isHere ? [token] : [];
    const found = tokensIn(value);
    return own.length + pieced.length > 0 ? [...new Set([...own, ...found, ...pieced])] : found;
  }

  #watch(holder: object, name: string, watched: Watched): void {
    watched.tokens.forEach((token) => this.held.add(token));
    watchValue(holder, name, watched, () => this.#note(watched));
  }

  #note({ tokens, secret, form, isPassword = false, onRead }: Watched): void {
    onRead?.();
    tokens.forEach((token) => this.read.add(token));
    this.passwordRead ||= isPassword;
    if (secret) {
      this.secretsRead.add(secret, form);
    }
  }
}

interface CopyOptions {
  readonly depth?: number;
  readonly onRead?: (() => void) | undefined;
}
