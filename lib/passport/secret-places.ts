import { splitAuthorization } from '../credentials/authorization-header.extractor.js';
import { rootOfParam } from '../credentials/query.js';
import { isBearerToken, isToken68 } from '../protocol/header-syntax.js';
import { textsIn } from './named-texts.js';

/** Where a strategy that reads a request by itself finds its credential. */
export interface SecretPlaces {
  /** Header fields, in lower case. */
  readonly headers: ReadonlySet<string>;
  readonly queryParams: ReadonlySet<string>;
  /** Name of the field that holds a password. */
  readonly passwordField: string;
}

/** Shortest text that is taken for a secret by its form, and not for a name. */
const minSecretLength = 16;

const schemeBefore = /^(?:bearer|token|jwt|api-?key)\s+/i;

/** A secret as it names its session: clients write a scheme before it in other places than `Authorization`, or none, in any case. */
export function withoutScheme(text: string): string {
  return text.trim().replace(schemeBefore, '');
}

/** Addresses of e-mail and URLs: with a code beside them they are a login, and many users may share one. */
const address = /^(?:[^@]+@[^@]+\.[a-z\d-]+$|[a-z][a-z\d+.-]*:\/\/)/i;

/** How likely a text is an opaque token by its form, wherever it stands. */
export type SecretForm = 'usual' | 'unusual';

/**
 * The form of a text that may be an opaque token, such as an API key. Unusual are tokens such as `1|abc` of Laravel Sanctum: names and
 * times may have their form as well.
 */
export function formOfSecret(text: string): SecretForm | undefined {
  const secret = withoutScheme(text);
  if (secret.length < minSecretLength) {
    return undefined;
  }
  if (isToken68(secret)) {
    return 'usual';
  }
  return isBearerToken(secret) && !address.test(secret) ? 'unusual' : undefined;
}

/** Schemes of passwords, and of answers that differ with every request. */
const schemesWithoutToken: ReadonlySet<string> = new Set(['basic', 'digest', 'negotiate', 'ntlm']);

const fieldsOfEveryRequest =
  /^(?:host|connection|upgrade|origin|referer|user-agent|accept.*|sec-(?:websocket-(?!protocol)|fetch-|ch-).*|cache-control|pragma|dnt|forwarded|via|x-forwarded-.*|x-real-ip|priority)$/;

/** Whether clients and proxies send a header field with every request, so that it is not a credential. */
export function isOfEveryRequest(name: string): boolean {
  return fieldsOfEveryRequest.test(name);
}

/** The opaque token of a header field, without its scheme. */
export function secretOfAuthorization(authorization: string): string | undefined {
  const { scheme, value } = splitAuthorization(authorization);
  const secret = value === '' ? authorization : value;
  return schemesWithoutToken.has(scheme) || /[\s,]/.test(secret) ? undefined : secret;
}

/**
 * The secret of a query parameter. A parser that reads brackets makes an object of the parameters that belong together, whose own
 * text is the same for all of them.
 */
export function secretOfParam(
  name: string,
  value: unknown,
  { queryParams }: Pick<SecretPlaces, 'queryParams'>,
): string | undefined {
  const isSecret =
    queryParams.has(name) ||
    queryParams.has(rootOfParam(name)) ||
    [...queryParams].some((each) => rootOfParam(each) === name);
  return isSecret ? [value].flat().map(textOfParam).join() : undefined;
}

/** A request, as far as credentials may stand in it. */
interface Sent {
  readonly headers: object;
  readonly query: object;
}

/** The opaque tokens that a request holds in places of credentials: middleware may have taken any of them. */
export function secretsIn(
  { headers, query }: Sent,
  places: Omit<SecretPlaces, 'passwordField'>,
): string[] {
  const ofHeaders = Object.entries(headers).map(([name, value]) => {
    const text = String(value);
    return name === 'authorization'
      ? secretOfAuthorization(text)
      : places.headers.has(name) && text;
  });
  const ofQuery = Object.entries(query).map(([name, value]) => secretOfParam(name, value, places));
  const secrets = [...ofHeaders, ...ofQuery].flatMap((each) => each || []);
  return [...new Set(secrets.map(withoutScheme))].toSorted();
}

function textOfParam(value: unknown): string {
  return typeof value === 'string' ? value : textsIn(value).join('\n');
}
