import { Controller, Get, Query } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterEach, describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  WsAuthModule,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { sessionsOf } from '../support/connections.js';
import { startApp, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { customStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';

@Controller()
class QueryController {
  @Get('/{*any}')
  all(@Query() query: unknown): unknown {
    return query;
  }
}

/** What the strategy, or middleware, read as `req.query`. */
let seen: unknown[] = [];

afterEach(() => {
  seen = [];
});

interface Queried {
  readonly query: Record<string, unknown>;
}

/** Reads the query as its application does over HTTP: an API key in `auth[key]`, or a token anywhere. */
const strategy = customStrategy('query', (request) => {
  const { query } = request as unknown as Queried;
  seen.push(JSON.parse(JSON.stringify(query)));
  const { auth } = query as { readonly auth?: { readonly key?: string } };
  return { id: auth?.key ?? 'alice' };
});

/** The setting `query parser` of Express; `undefined` leaves it as it is. */
type QueryParser = string | boolean | ((query: string | null) => unknown) | undefined;

function start(parser: QueryParser, options: WsAuthModuleOptions = {}): Promise<TestApp> {
  return startApp(
    {
      imports: [
        WsAuthModule.forRoot({
          strategy: 'query',
          credentials: [fromRequest({ queryParams: ['auth'] })],
          ...options,
        }),
      ],
      controllers: [QueryController],
      providers: [strategy, EchoGateway],
    },
    (nest) =>
      parser === undefined
        ? undefined
        : (nest as NestExpressApplication).set('query parser', parser),
  );
}

const parsers: Readonly<Record<string, QueryParser>> = {
  'by default': undefined,
  simple: 'simple',
  extended: 'extended',
  on: true,
  off: false,
  'of the application': (query) => ({ query, list: query?.split('&') }),
};

const queries = [
  '/',
  '/?',
  '/?a=1',
  '/?a.b=1',
  '/?a[b]=1&a[c][d]=2',
  '/?a%5Bb%5D=x+y&a%5B%5D=%C3%A9',
  '/?a[]=1&a[]=2&b=3&b=4',
  '/?a[0]=1&a[b]=2&__proto__[x]=1&constructor=2&a[__proto__][y]=3',
  '/?a[b]=1&a=2&[x]=3&a[b=4',
  `/?${'a[b]'.repeat(200)}=1`,
];

describe('the query that a strategy reads', () => {
  it.each(Object.entries(parsers))(
    'K5a: is that of Express, with the query parser %s',
    async (_name, parser) => {
      let ofMiddleware: unknown;
      const withMiddleware: WsAuthModuleOptions = {
        middleware: [
          ({ query }: Queried, _response, next) => {
            ofMiddleware = JSON.parse(JSON.stringify(query));
            next();
          },
        ],
      };
      for (const options of [{}, withMiddleware]) {
        await using app = await start(parser, options);
        for (const path of queries) {
          const { body } = await ask(app.url(path, 'http'));
          await app.connect(path, { headers: { origin: app.origin } }).opened();
          expect([path, seen.pop()]).toEqual([path, JSON.parse(body)]);
          expect([path, ofMiddleware ?? JSON.parse(body)]).toEqual([path, JSON.parse(body)]);
        }
      }
    },
  );

  it('K5a: refuses a client whose query the parser of the application throws on, and no other', async () => {
    await using app = await start((query) => {
      if (query?.includes('bad')) {
        throw new Error(query ?? '');
      }
      return {};
    });
    expect(await app.connect('/?bad').refusal()).toMatchObject({ status: 500 });
    await app.connect('/?good').opened();
  });

  it.each(['auth[key]', 'auth%5Bkey%5D'])(
    'K1b: is a secret of its own in each nested parameter, and hidden from all others: %s',
    async (name) => {
      await using app = await start('extended');
      const headers = { origin: app.origin };
      const keys = ['alice-secret-of-16', 'bobby-secret-of-16'] as const;
      for (const key of keys) {
        await app.connect(`/?room=1&${name}=${key}`, { headers }).opened();
      }
      const urls = app.nest.get(EchoGateway).connected.map(({ request }) => request.url);
      expect(urls).toEqual(keys.map(() => '/?room=1&auth[key]=REDACTED'));
      const sessions = sessionsOf(app);
      const [alice] = sessions.ofUser(keys[0]);
      await sessions.revoke({ sessionId: alice!.id });
      expect([...sessions].map(({ userId }) => userId)).toEqual([keys[1]]);
      expect(await app.connect(`/?${name}=${keys[0]}`, { headers }).refusal()).toMatchObject({
        status: 401,
      });
    },
  );

  it('QP-05: holds the credential of the client where another one stands beside it in brackets', async () => {
    const token = tokenOf('alice');
    const credentials = [fromQueryParam('token'), fromAuthorizationHeader(), fromFirstMessage()];
    await using app = await start('extended', { credentials });
    const other = tokenOf('mallory');
    await app.connect(`/?token[]=${other}&token[x]=${other}`, bearer(token)).opened();
    expect(seen).toEqual([{ token }]);
  });
});
