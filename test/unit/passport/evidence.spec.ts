import type { IncomingMessage } from 'node:http';
import jwt from 'jsonwebtoken';
import { Strategy as CustomStrategy } from 'passport-custom';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { BasicStrategy } from 'passport-http';
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt';
import { Strategy as LocalStrategy } from 'passport-local';
import { UniqueTokenStrategy } from 'passport-unique-token';
import { describe, expect, it } from 'vitest';
import { Credential, type CredentialContent } from '../../../lib/credentials/credential.js';
import type { WsCredentialExtractor } from '../../../lib/credentials/extractor.js';
import { redactionOf, redactRequest } from '../../../lib/credentials/redaction.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import type { Basis } from '../../../lib/passport/basis.js';
import { Evidence } from '../../../lib/passport/evidence.js';
import { expressRequest } from '../../../lib/passport/express-request.js';
import { runStrategy } from '../../../lib/passport/run-strategy.js';
import type { Strategy } from '../../../lib/passport/strategy.js';
import { strategyRequest, type StrategyRequest } from '../../../lib/passport/strategy-request.js';
import { basic, bearer } from '../support/credentials.js';
import { fc } from '../../support/property.js';
import { upgradeRequest, type HeaderLines } from '../support/requests.js';
import { ManualAttempt, strategyOf } from '../support/strategies.js';

const sign = (jti: string) => jwt.sign({ jti, sub: 'alice' }, 'secret');
const own = sign('own');
const decoy = sign('of another person');
const opaque = 'an-opaque-token-of-some-length';
/** As Laravel Sanctum issues them. */
const sanctum = '1|Fq4nXcTb9vYw0zKpLm2sRd7e';

/** What is presented, besides the content of the credential. */
interface Presented {
  readonly url?: string;
  readonly headers?: HeaderLines;
  /** What middleware has put on the request. */
  readonly middleware?: object;
  readonly extractors?: readonly WsCredentialExtractor[];
}

const found = (tokens: readonly string[], verified: boolean): Basis => ({
  tokens,
  verified,
  presented: false,
});
const nothing: Basis = { tokens: [], verified: false, presented: false };
const presented: Basis = { ...nothing, presented: true };

const accept = (...args: unknown[]): void =>
  (args.at(-1) as (error: null, user: object) => void)(null, { id: 'alice' });

function jwtFrom(extract: (request: StrategyRequest) => unknown): Strategy {
  const options = { jwtFromRequest: extract as never, secretOrKey: 'secret' };
  return new JwtStrategy(options, accept);
}

/** What strategies of the tests read. */
type Readable = StrategyRequest & {
  readonly body: Record<string, unknown>;
  readonly cookies: Record<string, string>;
  readonly token: string;
};

/** A strategy that reads the request by itself. */
function reading(read: (request: Readable) => unknown): Strategy {
  const verify = (request: unknown, done: (error: null, user: object) => void) => {
    read(request as never);
    done(null, { id: 'alice' });
  };
  return new CustomStrategy(verify as never);
}

const local = (options: object = {}) =>
  new LocalStrategy(options as never, accept) as unknown as Strategy;
/** Id of a user, in the form of a token. */
const handedId = '108204268033311374519';

/** A strategy that verifies a token itself and hands over the id of its user, as those of identity providers do. */
function handing(read: (request: Readable) => unknown): Strategy {
  const strategy = strategyOf((run, each) => {
    read(each as Readable);
    const { _verify: verify } = run as unknown as { _verify: (...args: unknown[]) => void };
    verify({ sub: 'alice' }, handedId, (_error: null, user: object) => run.success(user));
  });
  return Object.assign(strategy, { _verify: accept });
}

const apiKey = new HeaderAPIKeyStrategy(
  { header: 'X-Key', prefix: 'Key ' },
  false,
  accept,
) as unknown as Strategy;
const httpBearer = new BearerStrategy(accept) as unknown as Strategy;
const takesTwo = (_token: string, _done: () => void) => undefined;
const httpBasic = new BasicStrategy(accept) as unknown as Strategy;

function fields(body: Record<string, unknown>): CredentialContent {
  const { token } = body;
  return { scheme: 'fields', body, token: typeof token === 'string' ? token : undefined };
}

/** The request that a strategy sees. */
function shownTo(
  raw: IncomingMessage,
  content: CredentialContent,
  middleware?: object,
): StrategyRequest {
  const original = redactRequest(raw, redactionOf([]));
  const origin = { extractor: 'test', ambient: false, strategy: undefined };
  return strategyRequest({
    request: middleware ? Object.assign(expressRequest(raw, original), middleware) : raw,
    original: { ...original, bareUrl: original.url },
    client: { path: '/ws', address: '', origin: undefined },
    credential: new Credential(content, origin),
    attempt: new ManualAttempt(),
  });
}

async function basisOf(
  strategy: Strategy,
  content: CredentialContent,
  { url = '/ws', headers = [], middleware, extractors = [] }: Presented = {},
): Promise<Basis> {
  const request = shownTo(upgradeRequest(url, headers), content, middleware);
  const attempt = new ManualAttempt();
  const evidence = new Evidence(strategy, request, content, redactionOf(extractors));
  const outcome = await runStrategy(strategy, request, attempt, evidence.observers);
  expect(outcome).toMatchObject({ type: 'success' });
  return evidence.basis();
}

const request: CredentialContent = { scheme: 'request' };

/** A request with these header fields, each written as `Name: value`. */
function sent(...lines: readonly string[]): Presented {
  return { headers: lines.map((line) => /^(.*?): (.*)$/.exec(line)!.slice(1) as [string, string]) };
}

const readsHeader = (name: string) => reading(({ headers }) => headers[name]);
const readsParam = (name: string) => reading(({ query }) => query[name]);
const readsCookie = (name: string) => reading(({ cookies }) => cookies[name]);
const readsField = (name: string) => reading(({ body }) => body[name]);
const readsAuthorization = readsHeader('authorization');
const readsNothing = reading(() => undefined);

const jwtHeader = jwtFrom(ExtractJwt.fromAuthHeaderAsBearerToken());
const jwtParam = jwtFrom(ExtractJwt.fromUrlQueryParameter('jwt'));
const jwtField = jwtFrom(ExtractJwt.fromBodyField('access_token'));
const jwtInCookie = jwtFrom(({ headers }) => /jwt=(.*)$/.exec(headers.cookie ?? '')?.[1]);
const jwtInNestedField = jwtFrom((each) => (each.body as { auth: { token: string } }).auth.token);
const jwtOfMiddleware = jwtFrom((each) => (each as Readable).cookies['jwt']);

/** A strategy that hands these over, besides the callback. */
function introspecting(...handed: unknown[]): Strategy {
  const strategy = strategyOf((run, each) => {
    void (each as StrategyRequest).headers.authorization;
    const { _verify: verify } = run as unknown as { _verify: (...args: unknown[]) => void };
    verify(...handed, (_error: null, user: object) => run.success(user));
  });
  return Object.assign(strategy, { _verify: accept });
}

const exp = 2_000_000_000;

describe('claims that a strategy hands to its verify function', () => {
  it.each<[string, unknown[], object[] | undefined]>([
    [
      'their end, name and key',
      [{ active: true, exp, jti: 'a', cnf: {} }],
      [{ exp, jti: 'a', cnf: {} }],
    ],
    ['no time of issue, and no user', [{ iat: 9, iss: 'a', sub: 'b', exp }], [{ exp }]],
    ['those of each object', [{ exp }, 'text', null, { jti: 3 }], [{ exp }, { jti: 3 }]],
    ['none of a profile', [{ id: 'a', exp: 'x' }, { exp: 1_200 }, { exp: 0 }], undefined],
    ['none that is no end', [{ exp: Infinity }, { exp: Number.NaN }, { exp: null }], undefined],
    [
      'none that cannot be read',
      [
        new Proxy(
          {},
          {
            get: () => {
              throw new Error('no');
            },
          },
        ),
      ],
      undefined,
    ],
  ])('K10a: count with %s', async (_what, handed, claims) => {
    const basis = await basisOf(introspecting(...handed), bearer(opaque));
    expect(basis.claims).toEqual(claims);
  });
});

describe('K1a, K1b: what passport-jwt extracts', () => {
  it.each<[string, Strategy, CredentialContent, Presented?]>([
    ['the header', jwtHeader, bearer(own)],
    [
      'a header of its own',
      jwtFrom(ExtractJwt.fromHeader('x-token')),
      bearer(decoy),
      sent(`X-Token: ${own}`),
    ],
    ['the query', jwtParam, request, { url: `/ws?jwt=${own}&x=${decoy}` }],
    ['a cookie', jwtInCookie, request, sent(`Cookie: x=${decoy}; jwt=${own}`)],
    [
      'a field of the message',
      jwtField,
      fields({ access_token: own, token: decoy, password: 'x' }),
    ],
    ['a nested field', jwtInNestedField, fields({ auth: { token: own }, more: [decoy] })],
    [
      'what middleware has parsed',
      jwtOfMiddleware,
      request,
      { middleware: { cookies: { jwt: own, x: decoy } } },
    ],
  ])('is the token, from %s, whatever else is there', async (_where, strategy, content, more) => {
    expect(await basisOf(strategy, content, more)).toEqual(found([own], true));
  });

  it('is what is called jwtFromRequest in other strategies', async () => {
    const strategy = Object.assign(
      strategyOf((run, each) => {
        const extracting = run as never as { jwtFromRequest(of: unknown): string };
        run.success({ id: extracting.jwtFromRequest(each) });
      }),
      { jwtFromRequest: () => own },
    );
    expect(await basisOf(strategy, fields({ token: decoy }))).toEqual(found([own], true));
  });

  it('may be every token there is, if a strategy does not ask its extractor', async () => {
    const succeeds = strategyOf((run) => run.success({ id: 'alice' }));
    const strategy = Object.assign(
      jwtFrom(() => null),
      succeeds,
    );
    const basis = await basisOf(strategy, request, sent(`Cookie: jwt=${own}`));
    expect(basis).toEqual(found([own], false));
  });
});

const uniqueToken = (name: string) => new UniqueTokenStrategy({ tokenField: name }, accept);
const nestedNames = local({ usernameField: 'user[name]', passwordField: 'user[pin]' });
const verifiesTokenAsWell = new LocalStrategy(
  { passReqToCallback: true },
  (...[each, , , done]) => {
    accept((each as unknown as Readable).body['jwt'], done);
  },
);
const handsJwtOfField = handing(({ body }) => body['jwt']);
const nameAndPassword = { username: 'alice', password: 'x' };

describe('K1a, K1b: what a strategy hands to its verify function', () => {
  it.each<[string, Strategy, Basis, CredentialContent, Presented?]>([
    ['passport-http-bearer, header', httpBearer, found([own], true), bearer(own)],
    ['passport-http-bearer, short', httpBearer, found(['short'], true), bearer('short')],
    [
      'passport-http-bearer, field',
      httpBearer,
      found([opaque], true),
      fields({ access_token: opaque, password: 'x' }),
    ],
    [
      'passport-http-bearer, field of another form',
      httpBearer,
      found([sanctum], true),
      fields({ access_token: sanctum }),
    ],
    [
      'passport-http-bearer, query',
      httpBearer,
      found([own], true),
      request,
      { url: `/ws?access_token=${own}` },
    ],
    [
      'an opaque token of a request',
      httpBearer,
      found([opaque], true),
      request,
      { url: `/ws?access_token=${opaque}` },
    ],
    [
      'an opaque token of a header, behind a prefix',
      apiKey,
      found([opaque], true),
      request,
      sent(`X-Key: Key ${opaque}`),
    ],
    ['an id that the request does not hold', handing(() => 'alice'), nothing, request],
    [
      'the id of the user, from a token in the header',
      handing(({ headers }) => headers.authorization),
      found([own], false),
      bearer(own),
    ],
    [
      'the id of the user, from a token in a field',
      handsJwtOfField,
      found([own], false),
      fields({ jwt: own }),
    ],
    [
      'the id of the user, from a token of the request',
      handing(({ headers }) => headers['x-key']),
      found([own], false),
      request,
      sent(`X-Key: ${own}`),
    ],
    [
      'the id of the user, which the client sends as well',
      handsJwtOfField,
      found([own], false),
      fields({ jwt: own, id: handedId }),
    ],
    [
      'what may be the id of the user, and was read beside a JWT',
      handing(({ body }) => [body['jwt'], body['id']]),
      found([own, handedId], false),
      fields({ jwt: own, id: handedId }),
    ],
    [
      'what may be a part of a token, and was read beside a JWT',
      handing(({ body }) => [body['jwt'], body['key']]),
      found([own, handedId], false),
      fields({ jwt: own, key: `1|${handedId}` }),
    ],
    [
      'a name and a password, with a token that the verify function ignores',
      local({ passReqToCallback: true }),
      presented,
      fields({ ...nameAndPassword, jwt: own }),
    ],
    [
      'a name and a password, with a token that is verified as well',
      verifiesTokenAsWell,
      found([own], false),
      fields({ ...nameAndPassword, jwt: own }),
    ],
    ['passport-unique-token', uniqueToken('key'), found([opaque], true), fields({ key: opaque })],
    ['a name', uniqueToken('email'), nothing, fields({ email: 'alice@example.com' })],
    ['passport-http', httpBasic, presented, basic('alice', 'secret')],
    ['passport-http, a token as password', httpBasic, found([own], true), basic('alice', own)],
    ['passport-local', local(), presented, fields(nameAndPassword)],
    [
      'passport-local with other names',
      nestedNames,
      { ...presented, passwordField: 'pin' },
      fields({ user: { name: 'alice', pin: '1234' } }),
    ],
    [
      'passport-local, a token as password',
      local(),
      found([own], true),
      fields({ username: 'alice', password: own }),
    ],
    [
      'passport-local that reads the query',
      local(),
      nothing,
      fields({ other: 'x' }),
      { url: '/ws?username=a&password=b' },
    ],
  ])('%s', async (_what, strategy, expected, content, more) => {
    expect(await basisOf(strategy, content, more)).toEqual(expected);
  });

  it('K10a: names nothing where a password strategy succeeds beside a made-up token', async () => {
    const body = { ...nameAndPassword, token: decoy, more: { token: decoy } };
    expect(await basisOf(local(), fields(body))).toEqual(presented);
    expect(await basisOf(local({ passReqToCallback: true }), fields(body))).toEqual(presented);
  });

  it('is observed without a change to the number of its parameters', () => {
    const strategy = Object.assign(
      strategyOf(() => undefined),
      { _verify: takesTwo },
    );
    const raw = upgradeRequest('/', []);
    const seen = Object.assign(raw, { query: {} }) as StrategyRequest;
    const { observers } = new Evidence(strategy, seen, bearer(own));
    expect(observers['_verify']).toHaveLength(2);
  });
});

const more = `X-More: ${decoy}`;
const readsRawHeaders = reading(({ rawHeaders }) => rawHeaders);
const readsDistinctHeaders = reading(({ headersDistinct }) => headersDistinct);
const readsUrl = reading(({ url }) => url);
const readsOriginalUrl = reading(({ originalUrl }) => originalUrl);
const readsNested = reading(({ body }) => (body['auth'] as { jwt: string }).jwt);
const readsArray = reading(({ body }) => (body['jwts'] as string[])[0]);
const readsWhole = reading(({ body }) => JSON.stringify(body));
const changesField = reading(({ body }) => ((body['jwt'] as string) += ''));
const readsBoth = ({ headers }: Readable) => [headers['x-secret'], headers['x-key']];
const readsTwoParams = reading(({ query }) => [query['a'], query['b']]);

describe('K1a, K1b: what a strategy reads by itself', () => {
  it.each<[string, Strategy, CredentialContent, Presented?]>([
    ['a header', readsHeader('x-token'), request, sent(`X-Token: ${own}`, more)],
    ['Authorization', readsAuthorization, bearer(own), sent(more)],
    [
      'Authorization of a request',
      readsAuthorization,
      request,
      sent(`Authorization: JWT ${own}`, more),
    ],
    [
      'HTTP Basic of a request',
      readsAuthorization,
      request,
      sent(`Authorization: Basic ${btoa(`alice:${own}`)}`),
    ],
    ['cookies', readsHeader('cookie'), request, sent(`Cookie: jwt=${own}`, more)],
    [
      'parsed cookies',
      readsCookie('jwt'),
      request,
      { middleware: { cookies: { jwt: own, x: decoy } } },
    ],
    [
      'a property of middleware',
      reading(({ token: each }) => each),
      request,
      { middleware: { token: own, x: decoy } },
    ],
    ['the URL', readsUrl, request, { url: `/ws?jwt=${own}`, ...sent(more) }],
    ['the original URL', readsOriginalUrl, request, { url: `/ws?jwt=${own}` }],
    ['the query', readsParam('jwt'), request, { url: `/ws?jwt=${own}&x=${decoy}` }],
    [
      'a repeated parameter',
      readsParam('jwt'),
      request,
      { url: `/ws?jwt=a&jwt=${own}&x=${decoy}` },
    ],
    ['rawHeaders', readsRawHeaders, request, sent(`X-Token: ${own}`)],
    ['headersDistinct', readsDistinctHeaders, request, sent(`X-Token: ${own}`)],
    ['a field', readsField('jwt'), fields({ jwt: own, token: decoy, password: 'x' })],
    ['a nested field', readsNested, fields({ auth: { jwt: own, x: decoy }, y: [decoy] })],
    ['an array', readsArray, fields({ jwts: [own, decoy] })],
    ['a field far down', readsWhole, fields(nested(own, 20))],
    ['a field that it changes', changesField, fields({ jwt: own, x: decoy })],
  ])('is the token, from %s', async (_where, strategy, content, presentedMore) => {
    expect(await basisOf(strategy, content, presentedMore)).toEqual(found([own], false));
  });

  it.each<[string, Strategy, Basis, CredentialContent, Presented?]>([
    [
      'K10a: a password beside a made-up token',
      readsField('password'),
      presented,
      fields({ username: 'a', password: 'b', token: decoy }),
    ],
    [
      'both a password and a token',
      reading(({ body }) => ({ ...body })),
      found([own], false),
      fields({ password: 'b', token: own }),
    ],
    ['no password', readsField('code'), nothing, fields({ code: '1234' })],
    ['an empty password', readsField('password'), nothing, fields({ password: '' })],
    ['HTTP Basic', readsAuthorization, presented, basic('a', 'b')],
    ['an opaque token', readsAuthorization, found(['short'], false), bearer('short')],
    [
      'two tokens',
      readsTwoParams,
      found([own, decoy], false),
      request,
      { url: `/ws?a=${own}&b=${decoy}` },
    ],
    [
      'nothing of a request, beside a token',
      readsNothing,
      nothing,
      request,
      sent(`Cookie: jwt=${decoy}`),
    ],
    ['nothing of a credential that is a token', readsNothing, found([own], false), bearer(own)],
  ])('%s', async (_what, strategy, expected, content, presentedMore) => {
    expect(await basisOf(strategy, content, presentedMore)).toEqual(expected);
  });

  it.each<[string, Basis, Presented]>([
    ['a token', found([own], false), sent(`Cookie: jwt=${own}`)],
    ['an opaque token', found([opaque], false), sent(`Authorization: Bearer ${opaque}`)],
    [
      'either token',
      found([own], false),
      sent(`Authorization: Bearer ${opaque}`, `Cookie: jwt=${own}`),
    ],
    [
      'several secrets',
      { ...found(['["a","b"]'], false), parts: ['a', 'b'] },
      {
        url: '/ws?key=a&other=c',
        ...sent('X-Key: b', `X-Other: ${opaque}`),
        extractors: [fromRequest({ headers: ['X-Key'], queryParams: ['key'] })],
      },
    ],
    [
      'a secret behind a scheme',
      found(['abc'], false),
      {
        ...sent('X-Key: Bearer abc'),
        extractors: [fromRequest({ headers: ['X-Key'] })],
      },
    ],
    ['a password', nothing, sent('Authorization: Basic YTpi', 'Cookie: a=b')],
  ])(
    'nothing that is seen, behind middleware that may have taken %s',
    async (_what, expected, sentMore) => {
      const behind = { ...sentMore, middleware: { auth: {} } };
      expect(await basisOf(readsNothing, request, behind)).toEqual(expected);
    },
  );

  it('sees what the client has sent, with the form it has sent it in', async () => {
    const body = { token: own, list: [own, { jwt: own }, null, 1], proto: true };
    let seen: unknown;
    const strategy = reading((each) => (seen = structuredClone(each.body)));
    await basisOf(strategy, fields(body));
    expect(seen).toEqual(body);
    expect(Object.keys(seen as object)).toEqual(Object.keys(body));
  });
});

const handsIdAndSecret = handingBoth(({ body }) => [body['client_id'], body['client_secret']]);
const handsUserAndPin = handingBoth(({ body }) => [body['user'], body['pin']]);

describe('K1b: a secret that is no JWT', () => {
  const extractors = [fromRequest({ headers: ['X-Key', 'X-Secret'], queryParams: ['key'] })];
  const both = sent('X-Key: key of alice', 'X-Secret:  sesame ');
  const jointly = JSON.stringify(['key of alice', 'sesame']);

  it.each<[string, Strategy, string, CredentialContent, Presented?]>([
    ['a header field that holds a credential', readsHeader('x-key'), 'key of alice', request, both],
    [
      'a parameter that holds a credential',
      readsParam('key'),
      'abc',
      request,
      { url: '/ws?key=abc&other=def' },
    ],
    [
      'a header field with a scheme',
      readsHeader('x-key'),
      'abc',
      request,
      sent('X-Key: bearer   abc'),
    ],
    [
      'a field with a scheme',
      readsField('authorization'),
      opaque,
      fields({ authorization: `Bearer ${opaque}` }),
    ],
    [
      'Authorization with a scheme of its own',
      readsAuthorization,
      'abc',
      request,
      sent('Authorization: ApiKey abc'),
    ],
    [
      'Authorization without a scheme',
      readsAuthorization,
      'abc',
      request,
      sent('Authorization: abc'),
    ],
    [
      'a parsed cookie',
      readsCookie('sid'),
      opaque,
      request,
      sent(`Cookie: sid=${opaque}; _ga=GA1.2.1234567890.1234567890`),
    ],
    [
      'fields of a message',
      handsIdAndSecret,
      opaque,
      fields({ client_id: 'alice', client_secret: opaque, more: `${opaque}0` }),
    ],
    ['a field with spaces around it', readsField('key'), opaque, fields({ key: ` ${opaque}\n` })],
    ['a field of another form', readsField('key'), sanctum, fields({ key: sanctum })],
    [
      'a cookie of another form',
      readsCookie('sid'),
      sanctum,
      request,
      sent(`Cookie: sid=${sanctum}`),
    ],
    [
      'a field of the usual form beside another one',
      reading(({ body }) => [body['key'], body['at']]),
      opaque,
      fields({ at: '2026-11-27T17:00:00.000Z', key: opaque }),
    ],
    [
      'a token before everything else',
      reading(readsBoth),
      own,
      request,
      sent(`X-Key: ${own}`, 'X-Secret:  sesame '),
    ],
  ])('is %s', async (_what, strategy, secret, content, presentedMore) => {
    const basis = await basisOf(strategy, content, { ...presentedMore, extractors });
    expect(basis).toEqual(found([secret], false));
  });

  it.each([
    ['reads', reading(readsBoth)],
    ['hands to its verify function', handingBoth(readsBoth)],
  ])('is several of them as one, where a strategy %s them', async (_how, strategy) => {
    expect(await basisOf(strategy, request, { ...both, extractors })).toEqual({
      ...found([jointly], false),
      parts: ['key of alice', 'sesame'],
    });
  });

  it.each(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])(
    'is the token that they make when they are joined, in the order %s',
    async (order) => {
      const pieces = [own.slice(0, 40), own.slice(40, 80), own.slice(80)];
      const body = Object.fromEntries(pieces.map((piece, index) => [order[index]!, piece]));
      const strategy = reading((each) => [each.body['a'], each.body['b'], each.body['c']]);
      expect(await basisOf(strategy, fields(body))).toEqual(found([own], false));
    },
  );

  it('is all of them where there are too many to know their parts', async () => {
    const secrets = Array.from({ length: 5 }, (_, index) => `${opaque}${index}`);
    const body = Object.fromEntries(secrets.map((secret) => [secret, secret]));
    const strategy = reading((each) => Object.values(each.body));
    expect(await basisOf(strategy, fields(body))).toEqual(found([JSON.stringify(secrets)], false));
  });

  const cookies = `Cookie: theme=dark; sid=${opaque}`;

  it.each<[string, Strategy, Presented]>([
    ['a header field that holds no credential', readsHeader('x-other'), sent(`X-Other: ${opaque}`)],
    [
      'the password of HTTP Basic',
      readsAuthorization,
      sent(`Authorization: Basic ${btoa('alice:secret')}`),
    ],
    [
      'an answer of HTTP Digest',
      readsAuthorization,
      sent('Authorization: Digest username="alice", nonce="1"'),
    ],
    ['parameters of a scheme', readsAuthorization, sent('Authorization: Hawk id="alice", mac="1"')],
    ['a short cookie', readsCookie('theme'), sent(cookies)],
    ['a list of cookies', readsHeader('cookie'), sent(cookies)],
  ])('is not %s', async (_what, strategy, presentedMore) => {
    const basis = await basisOf(strategy, request, { ...presentedMore, extractors });
    expect(basis).toEqual(nothing);
  });

  it.each([
    'alice',
    ' alice'.padEnd(20),
    'alice.mueller@mail.example.com',
    'https://login.example.com/alice',
    'Alice Maria Mueller',
  ])('is not a short field beside a name such as "%s"', async (user) => {
    const body = { user, pin: '1234' };
    expect(await basisOf(handsUserAndPin, fields(body), { extractors })).toEqual(nothing);
  });

  it('leaves a password a password', async () => {
    const body = { username: opaque, password: 'secret' };
    expect(await basisOf(local(), fields(body))).toEqual(presented);
  });
});

describe('K13a: what a strategy may have taken for a credential', () => {
  it.each<[string, (request: Readable) => unknown, boolean, boolean]>([
    ['nothing', () => undefined, false, false],
    [
      'fields of every request',
      ({ headers }) => [headers.host, headers['user-agent']],
      false,
      false,
    ],
    ['fields that are not there', ({ headers }) => headers['x-key'], false, false],
    ['another field', ({ headers }) => headers['x-other'], false, true],
    ['subprotocols', ({ headers }) => headers['sec-websocket-protocol'], false, true],
    ['Authorization', ({ headers }) => headers.authorization, false, true],
    ['a parameter', ({ query }) => query['q'], false, true],
    ['the URL', ({ url }) => url, false, true],
    ['all cookies', ({ headers }) => headers.cookie, true, false],
    ['one cookie', ({ cookies }) => cookies['a'], true, false],
    ['a cookie that is not there', ({ cookies }) => cookies['jwt'], false, false],
    ['all lines', ({ rawHeaders }) => rawHeaders, true, true],
  ])('is known where it reads %s', (_what, read, mayBeCookie, mayBeOther) => {
    const strategy = reading(() => undefined);
    const raw = upgradeRequest('/ws?q=1', [
      ['User-Agent', 'x'],
      ['X-Other', 'x'],
      ['Sec-WebSocket-Protocol', 'chat'],
      ['Authorization', 'x'],
      ['Cookie', 'a=1'],
    ]);
    const seen = shownTo(raw, request);
    const evidence = new Evidence(strategy, seen, request);
    read(seen as Readable);
    expect(evidence).toMatchObject({ mayBeCookie, mayBeOther });
  });

  it.each([
    [() => null, false],
    [() => own, true],
  ])('is known of the extractor of passport-jwt', async (extract, isTaken) => {
    const strategy = jwtFrom(extract);
    const seen = shownTo(upgradeRequest('/ws', [['Cookie', 'a=1']]), request);
    const evidence = new Evidence(strategy, seen, request);
    await runStrategy(strategy, seen, new ManualAttempt(), evidence.observers);
    expect(evidence).toMatchObject({ mayBeCookie: isTaken, mayBeOther: isTaken });
  });
});

/** A strategy that hands two texts to its verify function. */
function handingBoth(read: (request: Readable) => readonly unknown[]): Strategy {
  const strategy = strategyOf((run, each) => {
    const { _verify: verify } = run as unknown as { _verify: (...args: unknown[]) => void };
    verify(...read(each as Readable), (_error: null, user: object) => run.success(user));
  });
  return Object.assign(strategy, { _verify: accept });
}

function nested(value: unknown, depth: number): Record<string, unknown> {
  return { inside: depth === 0 ? value : nested(value, depth - 1) };
}

describe('K10a: any first message', () => {
  /** Texts of every kind, also such as a client makes up. */
  const text = fc.oneof(
    fc.constantFrom(decoy, `Bearer ${decoy}`, `v4.local.${'A'.repeat(20)}`, opaque, 'e30.e30.', ''),
    fc.string(),
  );
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
    ),
  })).value;

  it('is shown as it was sent, and what is not read names nothing', async () => {
    const anything = fc.record({ decoys: value, token: fc.option(text, { nil: undefined }) });
    const property = fc.asyncProperty(anything, async ({ decoys, token }) => {
      const body = { ...(token && { token }), jwt: own, password: 'right', decoys };
      let seen: unknown;
      const whole = reading((each) => (seen = JSON.parse(JSON.stringify(each.body))));
      await basisOf(whole, fields(body));
      expect(seen).toEqual(JSON.parse(JSON.stringify(body)));
      const one = reading((each) => each.body['jwt']);
      expect(await basisOf(one, fields(body))).toEqual(found([own], false));
      const password = reading((each) => each.body['password']);
      expect(await basisOf(password, fields(body))).toEqual(presented);
    });
    await fc.assert(property);
  });
});
