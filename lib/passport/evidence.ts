import type { CredentialContent } from '../credentials/credential.js';
import type { Claims } from '../credentials/jwt.js';
import { jwtsIn } from '../credentials/jwt-search.js';
import { noBasis, type Basis } from './basis.js';
import { claimsIn } from './handed-claims.js';
import { basisOfSecrets, joinedTokens } from './joint-secrets.js';
import { textsIn } from './named-texts.js';
import { PlainRequest } from './plain-request.js';
import { formOfSecret, secretsIn, withoutScheme, type SecretPlaces } from './secret-places.js';
import type { Strategy } from './strategy.js';
import type { StrategyRequest } from './strategy-request.js';
import { WatchedRequest } from './watched-request.js';

type Method = (...args: unknown[]) => unknown;
type Methods = Record<string, unknown>;

/** Where passport-jwt, and passport-firebase-jwt, keep the function that extracts the token. */
const extractorNames = ['_jwtFromRequest', 'jwtFromRequest'] as const;

/** Places whose values are hidden from the application: they hold credentials. */
type Places = Omit<SecretPlaces, 'passwordField'>;

const usualField = 'password';

const noPlaces: Places = { headers: new Set(), queryParams: new Set() };

/**
 * Finds out what a strategy bases its decision on, in one run: a token decides when a session ends and by what it is revoked, from
 * wherever the strategy takes it.
 *
 * What the strategy itself extracts is known best: what passport-jwt gets from its extractor, and the texts that other strategies
 * hand to their verify function. For a strategy that reads the request by itself, it is the tokens that it reads.
 */
export class Evidence {
  /** Methods that stand in for those of the strategy during the run. */
  readonly observers: Readonly<Methods>;
  readonly #extracts: boolean;
  #hasExtracted = false;
  #extracted: string | undefined;
  #handed: readonly string[] = [];
  #claims: readonly Claims[] = [];
  #watched: WatchedRequest | undefined;

  constructor(
    private readonly strategy: Strategy,
    private readonly request: StrategyRequest,
    private readonly content: CredentialContent,
    private readonly places: Places = noPlaces,
  ) {
    const methods = strategy as unknown as Methods;
    const extractor = extractorNames.find((name) => typeof methods[name] === 'function');
    this.#extracts = extractor !== undefined;
    this.observers =
      extractor === undefined
        ? this.#observeVerify(methods)
        : { [extractor]: this.#observeExtractor(methods[extractor] as Method) };
    if (!this.#extracts) {
      this.#watched = this.#watch();
    }
  }

  /** What the strategy has used, after it has succeeded. */
  basis(): Basis {
    const basis = this.#basisOfTokens();
    return this.#claims.length === 0 ? basis : { ...basis, claims: this.#claims };
  }

  #basisOfTokens(): Basis {
    if (this.#extracted !== undefined) {
      return { tokens: [this.#extracted], verified: true, presented: false };
    }
    return this.#basisOfHanded() ?? this.#basisOfRead();
  }

  /** Whether the strategy looked for a token with an extractor of its own, and found none there. */
  get foundNoToken(): boolean {
    return this.#hasExtracted && this.#extracted === undefined;
  }

  /** Whether the strategy has taken a cookie for its credential, or may have. */
  get mayBeCookie(): boolean {
    return this.#watched ? this.#watched.cookieRead : !this.foundNoToken;
  }

  /** The same for everything else that a request can hold. */
  get mayBeOther(): boolean {
    return this.#watched ? this.#watched.otherRead : !this.foundNoToken;
  }

  #observeExtractor(extract: Method): Method {
    const observe = (extracted: unknown) => {
      this.#hasExtracted = true;
      if (typeof extracted === 'string') {
        this.#extracted = extracted;
      }
      return extracted;
    };
    return function (this: unknown, ...args) {
      return observe(extract.apply(this, args));
    };
  }

  /** Some strategies look at the number of parameters of their verify function. */
  #observeVerify(methods: Methods): Methods {
    const name = Object.hasOwn(methods, 'verify') ? 'verify' : '_verify';
    const verify = methods[name];
    if (typeof verify !== 'function') {
      return {};
    }
    const observe = (args: readonly unknown[]) => {
      this.#handed = args.filter((each): each is string => typeof each === 'string');
      this.#claims = claimsIn(args);
    };
    const observed = function (this: unknown, ...args: unknown[]): unknown {
      observe(args);
      return (verify as Method).apply(this, args);
    };
    return { [name]: Object.defineProperty(observed, 'length', { value: verify.length }) };
  }

  #basisOfHanded(): Basis | undefined {
    const [first, second] = this.#handed;
    const jwts = [...new Set(this.#handed.flatMap(jwtsIn))];
    if (jwts.length > 0) {
      return { tokens: jwts, verified: jwts.length === 1, presented: false };
    }
    if (first === undefined) {
      return undefined;
    }
    return second === undefined ? this.#basisOfText(first) : this.#basisOfPassword();
  }

  /**
   * One text is an opaque token, or what the strategy has made of the token that it has read, such as the user's id. Only a text
   * that the request holds can be a token, and it hides no JWT that was read. Beside a JWT, a field of a message counts if the strategy
   * has read it: clients send the ids of their users, too.
   */
  #basisOfText(text: string): Basis | undefined {
    const { content, request } = this;
    const { read, secretsRead } = this.#watched!;
    const isCredential = 'token' in content && content.token === text;
    const others = content.scheme === 'fields' && read.size > 0 ? [] : [content];
    const isSent = secretsRead.holds(text) || isIn(request, others, text);
    if (isCredential || (formOfSecret(text) && isSent)) {
      const tokens = isCredential ? [text] : [...new Set([...read, withoutScheme(text)])];
      return { tokens, verified: tokens.length === 1, presented: false };
    }
    return undefined;
  }

  /** A strategy that verifies a token beside the password, or takes other secrets than a password, is judged by what it has read. */
  #basisOfPassword(): Basis | undefined {
    const { read, secretsRead, passwordRead } = this.#watched!;
    const isJudgedByRead = read.size > 0 || secretsRead.all.size > 0;
    return this.content.scheme === 'request' || isJudgedByRead
      ? undefined
      : this.#presented(passwordRead);
  }

  #presented(presented: boolean): Basis {
    const passwordField = this.#passwordField;
    const isOther = presented && passwordField !== usualField;
    return { ...noBasis, presented, ...(isOther && { passwordField }) };
  }

  /** A strategy that has read nothing may know a token from middleware, or by a way that is not watched. */
  #basisOfRead(): Basis {
    const watched = this.#watched ?? this.#watch();
    const { read, held, passwordRead, secretsRead } = watched;
    if (read.size > 0) {
      return { tokens: [...read], verified: false, presented: false };
    }
    const secretsSeen = [...secretsRead.all].toSorted();
    const joined = secretsSeen.length > 1 ? joinedTokens(secretsSeen) : [];
    if (joined.length > 0) {
      return { tokens: joined, verified: false, presented: false };
    }
    if (passwordRead) {
      return this.#presented(true);
    }
    if (secretsSeen.length > 0) {
      return basisOfSecrets(secretsSeen);
    }
    const { content, request } = this;
    const isSeen =
      !this.#extracts && content.scheme === 'request' && request instanceof PlainRequest;
    if (isSeen) {
      return noBasis;
    }
    const secrets =
      held.size === 0 && content.scheme === 'request' ? secretsIn(request, this.places) : [];
    return secrets.length === 0
      ? { tokens: [...held], verified: false, presented: false }
      : basisOfSecrets(secrets);
  }

  #watch(): WatchedRequest {
    const places = { ...this.places, passwordField: this.#passwordField };
    return new WatchedRequest(this.request, this.content, places);
  }

  /** The innermost field of `user[password]`. */
  get #passwordField(): string {
    const { _passwordField: field } = this.strategy as { readonly _passwordField?: unknown };
    const name = typeof field === 'string' ? /([^[\]]+)\]?$/.exec(field)?.[1] : undefined;
    return name ?? usualField;
  }
}

/** Whether the text stands in a header field, in the query or in one of the others. */
function isIn({ headers, query }: StrategyRequest, others: readonly object[], text: string) {
  const places = [...others, Object.values(headers), query];
  return textsIn(places).some((each) => each.includes(text));
}
