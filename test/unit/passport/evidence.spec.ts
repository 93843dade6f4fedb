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
const cookie = (text: string): HeaderLines => [['Cookie', text]];

describe('K1a, K1b: what passport-jwt extracts', () => {
  const fromHeader = ExtractJwt.fromAuthHeaderAsBearerToken();
  it.each<[string, Strategy, CredentialContent, Presented]>([
    ['the header', jwtFrom(fromHeader), bearer(own), {}],
    [
      'a header of its own',
      jwtFrom(ExtractJwt.fromHeader('x-token')),
      bearer(decoy),
      { headers: [['X-Token', own]] },
    ],
    [
      'the query',
      jwtFrom(ExtractJwt.fromUrlQueryParameter('jwt')),
      request,
      { url: `/ws?jwt=${own}&x=${decoy}` },
    ],
    [
      'a cookie',
      jwtFrom(({ headers }) => /jwt=(.*)$/.exec(headers.cookie ?? '')?.[1]),
      request,
      { headers: cookie(`x=${decoy}; jwt=${own}`) },
    ],
    [
      'a field of the message',
      jwtFrom(ExtractJwt.fromBodyField('access_token')),
      fields({ access_token: own, token: decoy, password: 'x' }),
      {},
    ],
    [
      'a nested field',
      jwtFrom((each) => (each.body as { auth: { token: string } }).auth.token),
      fields({ auth: { token: own }, more: [decoy] }),
      {},
    ],
    [
      'what middleware has parsed',
      jwtFrom((each) => (each as never as { cookies: { jwt: string } }).cookies.jwt),
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
    const strategy = Object.assign(
      jwtFrom(() => null),
      {
        authenticate(this: { success(user: object): void }) {
          this.success({ id: 'alice' });
        },
      },
    );
    const more = { headers: cookie(`jwt=${own}`) };
    expect(await basisOf(strategy, request, more)).toEqual(found([own], false));
  });
});

describe('K1a, K1b: what a strategy hands to its verify function', () => {
  it.each<[string, Strategy, CredentialContent, Presented, Basis]>([
    ['passport-http-bearer, header', httpBearer, bearer(own), {}, found([own], true)],
    ['passport-http-bearer, short', httpBearer, bearer('short'), {}, found(['short'], true)],
    [
      'passport-http-bearer, field',
      httpBearer,
      fields({ access_token: opaque, password: 'x' }),
      {},
      found([opaque], true),
    ],
    [
      'passport-http-bearer, query',
      httpBearer,
      request,
      { url: `/ws?access_token=${own}` },
      found([own], true),
    ],
    [
      'an opaque token of a request',
      httpBearer,
      request,
      { url: `/ws?access_token=${opaque}` },
      found([opaque], true),
    ],
    [
      'an opaque token of a header, behind a prefix',
      apiKey,
      request,
      { headers: [['X-Key', `Key ${opaque}`]] },
      found([opaque], true),
    ],
    ['an id that the request does not hold', handing(() => 'alice'), request, {}, nothing],
    [
      'the id of the user, from a token in the header',
      handing(({ headers }) => headers.authorization),
      bearer(own),
      {},
      found([own], false),
    ],
    [
      'the id of the user, from a token in a field',
      handing(({ body }) => body['jwt']),
      fields({ jwt: own }),
      {},
      found([own], false),
    ],
    [
      'the id of the user, from a token of the request',
      handing(({ headers }) => headers['x-key']),
      request,
      { headers: [['X-Key', own]] },
      found([own], false),
    ],
    [
      'the id of the user, which the client sends as well',
      handing(({ body }) => body['jwt']),
      fields({ jwt: own, id: handedId }),
      {},
      found([own, handedId], false),
    ],
    [
      'a name and a password, with a token that the verify function ignores',
      local({ passReqToCallback: true }),
      fields({ username: 'alice', password: 'x', jwt: own }),
      {},
      presented,
    ],
    [
      'a name and a password, with a token that is verified as well',
      new LocalStrategy({ passReqToCallback: true }, (...[each, , , done]) => {
        accept((each as unknown as Readable).body['jwt'], done);
      }),
      fields({ username: 'alice', password: 'x', jwt: own }),
      {},
      found([own], false),
    ],
    [
      'passport-unique-token',
      new UniqueTokenStrategy({ tokenField: 'key' }, accept),
      fields({ key: opaque }),
      {},
      found([opaque], true),
    ],
    [
      'a name',
      new UniqueTokenStrategy({ tokenField: 'email' }, accept),
      fields({ email: 'alice@example.com' }),
      {},
      nothing,
    ],
    ['passport-http', httpBasic, basic('alice', 'secret'), {}, presented],
    ['passport-http, a token as password', httpBasic, basic('alice', own), {}, found([own], true)],
    ['passport-local', local(), fields({ username: 'alice', password: 'secret' }), {}, presented],
    [
      'passport-local with other names',
      local({ usernameField: 'user[name]', passwordField: 'user[pin]' }),
      fields({ user: { name: 'alice', pin: '1234' } }),
      {},
      presented,
    ],
    [
      'passport-local, a token as password',
      local(),
      fields({ username: 'alice', password: own }),
      {},
      found([own], true),
    ],
    [
      'passport-local that reads the query',
      local(),
      fields({ other: 'x' }),
      { url: '/ws?username=a&password=b' },
      nothing,
    ],
  ])('%s', async (_what, strategy, content, more, expected) => {
    expect(await basisOf(strategy, content, more)).toEqual(expected);
  });

  it('K10a: names nothing where a password strategy succeeds beside a made-up token', async () => {
    const body = { username: 'alice', password: 'secret', token: decoy, more: { token: decoy } };
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

describe('K1a, K1b: what a strategy reads by itself', () => {
  it.each<[string, Strategy, CredentialContent, Presented]>([
    [
      'a header',
      reading(({ headers }) => headers['x-token']),
      request,
      {
        headers: [
          ['X-Token', own],
          ['X-More', decoy],
        ],
      },
    ],
    [
      'Authorization',
      reading(({ headers }) => headers.authorization),
      bearer(own),
      { headers: [['X-More', decoy]] },
    ],
    [
      'Authorization of a request',
      reading(({ headers }) => headers.authorization),
      request,
      {
        headers: [
          ['Authorization', `JWT ${own}`],
          ['X-More', decoy],
        ],
      },
    ],
    [
      'HTTP Basic of a request',
      reading(({ headers }) => headers.authorization),
      request,
      { headers: [['Authorization', `Basic ${btoa(`alice:${own}`)}`]] },
    ],
    [
      'cookies',
      reading(({ headers }) => headers.cookie),
      request,
      { headers: [...cookie(`jwt=${own}`), ['X-More', decoy]] },
    ],
    [
      'parsed cookies',
      reading(({ cookies }) => cookies['jwt']),
      request,
      { middleware: { cookies: { jwt: own, x: decoy } } },
    ],
    [
      'a property of middleware',
      reading(({ token }) => token),
      request,
      { middleware: { token: own, x: decoy } },
    ],
    [
      'the URL',
      reading(({ url }) => url),
      request,
      { url: `/ws?jwt=${own}`, headers: [['X-More', decoy]] },
    ],
    [
      'the original URL',
      reading(({ originalUrl }) => originalUrl),
      request,
      { url: `/ws?jwt=${own}` },
    ],
    [
      'the query',
      reading(({ query }) => query['jwt']),
      request,
      { url: `/ws?jwt=${own}&x=${decoy}` },
    ],
    [
      'a repeated parameter',
      reading(({ query }) => query['jwt']),
      request,
      { url: `/ws?jwt=a&jwt=${own}&x=${decoy}` },
    ],
    [
      'rawHeaders',
      reading(({ rawHeaders }) => rawHeaders),
      request,
      { headers: [['X-Token', own]] },
    ],
    [
      'headersDistinct',
      reading(({ headersDistinct }) => headersDistinct),
      request,
      { headers: [['X-Token', own]] },
    ],
    [
      'a field',
      reading(({ body }) => body['jwt']),
      fields({ jwt: own, token: decoy, password: 'x' }),
      {},
    ],
    [
      'a nested field',
      reading(({ body }) => (body['auth'] as { jwt: string }).jwt),
      fields({ auth: { jwt: own, x: decoy }, y: [decoy] }),
      {},
    ],
    [
      'an array',
      reading(({ body }) => (body['jwts'] as string[])[0]),
      fields({ jwts: [own, decoy] }),
      {},
    ],
    ['a field far down', reading(({ body }) => JSON.stringify(body)), fields(nested(own, 20)), {}],
    [
      'a field that it changes',
      reading(({ body }) => ((body['jwt'] as string) += '')),
      fields({ jwt: own, x: decoy }),
      {},
    ],
  ])('is the token, from %s', async (_where, strategy, content, more) => {
    expect(await basisOf(strategy, content, more)).toEqual(found([own], false));
  });

  it.each<[string, Strategy, CredentialContent, Presented, Basis]>([
    [
      'K10a: a password beside a made-up token',
      reading(({ body }) => body['password']),
      fields({ username: 'a', password: 'b', token: decoy }),
      {},
      presented,
    ],
    [
      'both a password and a token',
      reading(({ body }) => ({ ...body })),
      fields({ password: 'b', token: own }),
      {},
      found([own], false),
    ],
    ['no password', reading(({ body }) => body['code']), fields({ code: '1234' }), {}, nothing],
    [
      'an empty password',
      reading(({ body }) => body['password']),
      fields({ password: '' }),
      {},
      nothing,
    ],
    ['HTTP Basic', reading(({ headers }) => headers.authorization), basic('a', 'b'), {}, presented],
    [
      'an opaque token',
      reading(({ headers }) => headers.authorization),
      bearer('short'),
      {},
      found(['short'], false),
    ],
    [
      'two tokens',
      reading(({ query }) => [query['a'], query['b']]),
      request,
      { url: `/ws?a=${own}&b=${decoy}` },
      found([own, decoy], false),
    ],
    [
      'nothing of a request, beside a token',
      reading(() => undefined),
      request,
      { headers: cookie(`jwt=${decoy}`) },
      nothing,
    ],
    [
      'nothing that is seen, behind middleware',
      reading(() => undefined),
      request,
      { headers: cookie(`jwt=${own}`), middleware: { auth: {} } },
      found([own], false),
    ],
    [
      'nothing that is seen, behind middleware that may have taken an opaque token',
      reading(() => undefined),
      request,
      { headers: [['Authorization', `Bearer ${opaque}`]], middleware: { auth: {} } },
      found([opaque], false),
    ],
    [
      'nothing that is seen, behind middleware that may have taken either token',
      reading(() => undefined),
      request,
      {
        headers: [['Authorization', `Bearer ${opaque}`], ...cookie(`jwt=${own}`)],
        middleware: { auth: {} },
      },
      found([own], false),
    ],
    [
      'nothing that is seen, behind middleware that may have taken several secrets',
      reading(() => undefined),
      request,
      {
        url: '/ws?key=a&other=c',
        headers: [
          ['X-Key', 'b'],
          ['X-Other', opaque],
        ],
        middleware: { auth: {} },
        extractors: [fromRequest({ headers: ['X-Key'], queryParams: ['key'] })],
      },
      { ...found(['["a","b"]'], false), parts: ['a', 'b'] },
    ],
    [
      'nothing that is seen, behind middleware that may have taken a password',
      reading(() => undefined),
      request,
      { headers: [['Authorization', 'Basic YTpi'], ...cookie('a=b')], middleware: { auth: {} } },
      nothing,
    ],
    [
      'nothing of a credential that is a token',
      reading(() => undefined),
      bearer(own),
      {},
      found([own], false),
    ],
  ])('%s', async (_what, strategy, content, more, expected) => {
    expect(await basisOf(strategy, content, more)).toEqual(expected);
  });

  it('sees what the client has sent, with the form it has sent it in', async () => {
    const body = { token: own, list: [own, { jwt: own }, null, 1], proto: true };
    let seen: unknown;
    const strategy = reading((each) => (seen = structuredClone(each.body)));
    await basisOf(strategy, fields(body));
    expect(seen).toEqual(body);
    expect(Object.keys(seen as object)).toEqual(Object.keys(body));
  });
});

const readsBoth = ({ headers }: Readable) => [headers['x-secret'], headers['x-key']];

describe('K1b: a secret that is no JWT', () => {
  const extractors = [fromRequest({ headers: ['X-Key', 'X-Secret'], queryParams: ['key'] })];
  const both: HeaderLines = [
    ['X-Key', 'key of alice'],
    ['X-Secret', ' sesame '],
  ];
  const jointly = JSON.stringify(['key of alice', 'sesame']);

  it.each<[string, Strategy, CredentialContent, Presented, readonly string[]]>([
    [
      'a header field that holds a credential',
      reading(({ headers }) => headers['x-key']),
      request,
      { headers: both },
      ['key of alice'],
    ],
    [
      'a parameter that holds a credential',
      reading(({ query }) => query['key']),
      request,
      { url: '/ws?key=abc&other=def' },
      ['abc'],
    ],
    [
      'Authorization with a scheme of its own',
      reading(({ headers }) => headers.authorization),
      request,
      { headers: [['Authorization', 'ApiKey abc']] },
      ['abc'],
    ],
    [
      'Authorization without a scheme',
      reading(({ headers }) => headers.authorization),
      request,
      { headers: [['Authorization', 'abc']] },
      ['abc'],
    ],
    [
      'a parsed cookie',
      reading(({ cookies }) => cookies['sid']),
      request,
      { headers: cookie(`sid=${opaque}; _ga=GA1.2.1234567890.1234567890`) },
      [opaque],
    ],
    [
      'fields of a message',
      handingBoth(({ body }) => [body['client_id'], body['client_secret']]),
      fields({ client_id: 'alice', client_secret: opaque, more: `${opaque}0` }),
      {},
      [opaque],
    ],
    [
      'a token before everything else',
      reading(({ headers }) => [headers['x-key'], headers['x-secret']]),
      request,
      { headers: [['X-Key', own], ...both.slice(1)] },
      [own],
    ],
  ])('is %s', async (_what, strategy, content, more, tokens) => {
    expect(await basisOf(strategy, content, { ...more, extractors })).toEqual(found(tokens, false));
  });

  it.each([
    ['reads', reading(readsBoth)],
    ['hands to its verify function', handingBoth(readsBoth)],
  ])('is several of them as one, where a strategy %s them', async (_how, strategy) => {
    expect(await basisOf(strategy, request, { headers: both, extractors })).toEqual({
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

  it.each<[string, Strategy, CredentialContent, Presented]>([
    [
      'a header field that holds no credential',
      reading(({ headers }) => headers['x-other']),
      request,
      { headers: [['X-Other', opaque]] },
    ],
    [
      'the password of HTTP Basic',
      reading(({ headers }) => headers.authorization),
      request,
      { headers: [['Authorization', `Basic ${btoa('alice:secret')}`]] },
    ],
    [
      'an answer of HTTP Digest',
      reading(({ headers }) => headers.authorization),
      request,
      { headers: [['Authorization', 'Digest username="alice", nonce="1"']] },
    ],
    [
      'parameters of a scheme',
      reading(({ headers }) => headers.authorization),
      request,
      { headers: [['Authorization', 'Hawk id="alice", mac="1"']] },
    ],
    [
      'a short cookie',
      reading(({ cookies }) => cookies['theme']),
      request,
      { headers: cookie(`theme=dark; sid=${opaque}`) },
    ],
    [
      'a list of cookies',
      reading(({ headers }) => headers.cookie),
      request,
      { headers: cookie(`theme=dark; sid=${opaque}`) },
    ],
    [
      'a short field',
      handingBoth(({ body }) => [body['user'], body['pin']]),
      fields({ user: 'alice', pin: '1234' }),
      {},
    ],
  ])('is not %s', async (_what, strategy, content, more) => {
    expect(await basisOf(strategy, content, { ...more, extractors })).toEqual(nothing);
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
    const seen = shownTo(upgradeRequest('/ws', cookie('a=1')), request);
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
