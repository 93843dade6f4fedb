import { createRequire } from 'node:module';
import { Controller, Get, Req } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { fromRequest, WsAuthModule, type WsAuthMiddleware } from '../../lib/index.js';
import type { WsAuthModuleOptions } from '../../lib/index.js';
import { startApp, startProtected, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { customStrategy } from '../support/strategies.js';

type CookieParser = (secret?: string) => WsAuthMiddleware;
const cookieParser = createRequire(import.meta.url)('cookie-parser') as CookieParser;

/** What a strategy may ask a request of Express, by name. */
const asked: Readonly<Record<string, (request: Request) => unknown>> = {
  ip: ({ ip }) => ip,
  ips: ({ ips }) => ips,
  protocol: ({ protocol }) => protocol,
  secure: ({ secure }) => secure,
  host: ({ host }) => host,
  hostname: ({ hostname }) => hostname,
  subdomains: ({ subdomains }) => subdomains,
  path: ({ path }) => path,
  originalUrl: ({ originalUrl }) => originalUrl,
  baseUrl: ({ baseUrl }) => baseUrl,
  xhr: ({ xhr }) => xhr,
  fresh: ({ fresh }) => fresh,
  stale: ({ stale }) => stale,
  'range()': (request) => request.range(100),
  params: ({ params }) => typeof params,
  next: ({ next }) => typeof next,
  'app.get()': ({ app }) => [app.get('tenant'), app.get('env'), app.get('trust proxy')],
  'app.enabled()': ({ app }) => [app.enabled('x-powered-by'), app.disabled('tenant')],
  'app.locals': ({ app }) => app.locals['tenant'],
  'res.app': ({ res, app }) => res!.app.get('env') === app.get('env'),
  'res.locals': ({ res }) => typeof res!.locals,
  'res.headersSent': ({ res }) => res!.headersSent,
  'res.socket': ({ res, socket }) => res!.socket === socket,
  query: ({ query }) => ({ ...query }),
  'get()': (request) => [request.get('X-Tenant'), request.get('x-none'), request.get('Referrer')],
  'header()': (request) => [request.header('x-tenant'), request.header('REFERER')],
  'is()': (request) => [request.is('json'), request.is(['text/*', 'json'])],
  'accepts()': (request) => [
    request.accepts('html', 'json'),
    request.accepts(['text']),
    request.accepts(),
  ],
  'acceptsLanguages()': (request) => [
    request.acceptsLanguages('de', 'en'),
    request.acceptsLanguages(),
  ],
  'acceptsEncodings()': (request) => request.acceptsEncodings('br', 'gzip'),
  'acceptsCharsets()': (request) => request.acceptsCharsets('utf-8'),
  cookies: ({ cookies }) => ({ ...(cookies as object) }),
  signedCookies: ({ signedCookies }) => ({ ...(signedCookies as object) }),
};

function answersOf(request: object): unknown {
  const answers = Object.entries(asked).map(([name, answer]) => [name, answer(request as Request)]);
  return JSON.parse(JSON.stringify(Object.fromEntries(answers)));
}

@Controller()
class AskedController {
  @Get('/{*any}')
  all(@Req() request: Request): unknown {
    return answersOf(request);
  }
}

/** What the strategy, or middleware, saw of the last upgrade. */
let seen: unknown;

const strategy = customStrategy('members', (request) => {
  seen = answersOf(request);
  return { id: 'alice' };
});

async function start(
  trustProxy: Exclude<WsAuthModuleOptions['trustProxy'], undefined>,
  options: WsAuthModuleOptions = {},
): Promise<TestApp> {
  return startApp(
    {
      imports: [
        WsAuthModule.forRoot({
          strategy: 'members',
          credentials: [fromRequest()],
          trustProxy,
          allowedOrigins: () => true,
          ...options,
        }),
      ],
      controllers: [AskedController],
      providers: [strategy, EchoGateway],
    },
    (nest) => {
      (nest as NestExpressApplication)
        .set('trust proxy', trustProxy)
        .set('tenant', 'acme')
        .set('subdomain offset', 3);
      (nest as NestExpressApplication).setLocal('tenant', 'acme');
      nest.use(cookieParser('secret'));
    },
  );
}

async function overUpgrade(app: TestApp, path: string, headers: Record<string, string>) {
  seen = undefined;
  const client = app.connect(path, { headers });
  await client.opened();
  return seen;
}

const forwarded = {
  'X-Forwarded-For': '203.0.113.9, 198.51.100.7',
  'X-Forwarded-Proto': 'https, http',
  'X-Forwarded-Host': 'a.b.app.example.com:8443, inner',
};

// Each member under each trust is compared with Express in `test/unit/passport/express-members.spec.ts`.
const requests: Readonly<Record<string, [path: string, headers: Record<string, string>]>> = {
  'a query': ['/?a=1&a=2&b=x+y&c=%C3%A9&d', { 'X-Tenant': 'acme', Accept: 'application/json' }],
  cookies: ['/', { Cookie: 'a=1; b="2"; c=%C3%A9; a=3; broken' }],
  'a signed cookie': [
    '/',
    { Cookie: 'id=s%3Aalice.NDVwWo4kzEZ4mIxrrW5zF6OEAbQPuoYFvLOmVF1UmDA; x=s%3Aforged.no' },
  ],
  'a body of zero bytes': ['/', { 'Content-Length': '0', 'Content-Type': 'application/json' }],
  'another host': ['/', { Host: 'a.b.app.example.com:81' }],
  'forwarded by two proxies': ['/', forwarded],
};

const trusts = { none: false, 'one hop': 1, 'a list': ['loopback', '198.51.100.0/24'] };

/** An application whose strategy does this to the request, with and without middleware. */
const startWith = (
  validate: Parameters<typeof customStrategy>[1],
  middleware: WsAuthMiddleware[] = [],
) =>
  startProtected({ strategy: 'asking', credentials: [fromRequest()], middleware }, [
    customStrategy('asking', validate),
  ]);

const behind: Readonly<Record<string, WsAuthMiddleware[]>> = {
  'without middleware': [],
  'behind middleware': [(_request, _response, next) => next()],
};

describe('the request that a strategy reads', () => {
  for (const [name, trust] of Object.entries(trusts)) {
    it(`K5a: has every member that Express has, with trusted proxies: ${name}`, async () => {
      await using app = await start(trust, {
        middleware: [cookieParser('secret')],
      });
      for (const [what, [path, headers]] of Object.entries(requests)) {
        const { body } = await ask(app.url(path, 'http'), { headers });
        const answers = await overUpgrade(app, path, headers);
        expect(answers, what).toEqual(JSON.parse(body));
      }
    });
  }

  it('K5a: has the same without middleware, with cookies parsed', async () => {
    await using app = await start('loopback');
    for (const [what, [path, headers]] of Object.entries(requests)) {
      const { body } = await ask(app.url(path, 'http'), { headers });
      const answers = await overUpgrade(app, path, headers);
      const expected = JSON.parse(body) as Record<string, unknown>;
      // Without the secret of cookie-parser, signed cookies are cookies as they were sent.
      const { signedCookies, ...verified } = expected;
      if (Object.keys(signedCookies as object).length === 0) {
        expect(answers, what).toEqual({ ...verified, signedCookies: {} });
      }
    }
  });

  it('K5a: is what middleware reads, before the strategy and without cookie-parser', async () => {
    let inMiddleware: unknown;
    await using app = await start('loopback', {
      middleware: [
        (request: object, _response, next) => {
          inMiddleware = answersOf(request);
          next();
        },
      ],
    });
    const headers = { ...forwarded, Cookie: 'a=1; b=%C3%A9' };
    const { body } = await ask(app.url('/?a=x+y', 'http'), { headers });
    const answers = await overUpgrade(app, '/?a=x+y', headers);
    expect(inMiddleware).toEqual(JSON.parse(body));
    expect(answers).toEqual(inMiddleware);
  });

  it.each(Object.entries(behind))(
    'K5a: has a response, an application, the methods of Passport and a route, %s',
    async (_what, middleware) => {
      const answered: unknown[] = [];
      await using app = await startWith((judged) => {
        const request = judged as unknown as Request;
        const { app: application, res } = request;
        res!.cookie('refreshed', 'a').clearCookie('old').setHeader('X-New-Token', 'b');
        res!.set('X-Any', 'c').locals['user'] = 'alice';
        answered.push(res!.get('X-New-Token'), res!.locals, res === request.res);
        answered.push(application.get('env'), typeof application.locals);
        answered.push(application === request.app, request.route?.path);
        answered.push(request.isUnauthenticated());
        request.logIn({ id: 'alice' }, { session: false }, () => answered.push('logged in'));
        answered.push(request.isAuthenticated());
        request.logout(() => answered.push('logged out'));
        return { id: 'alice' };
      }, middleware);
      await app.connect('/', { headers: { 'X-Key': 'k' } }).opened();
      const { env } = process;
      const response = ['b', { user: 'alice' }, true];
      const passport = [true, 'logged in', true, 'logged out'];
      expect(answered).toEqual([...response, env['NODE_ENV'], 'object', true, '/', ...passport]);
    },
  );

  it.each(Object.entries(behind))(
    'K5a: has an empty body that can be read to its end, %s',
    async (_what, middleware) => {
      await using app = await startWith(async (request) => {
        let bytes = 0;
        for await (const chunk of request) {
          bytes += (chunk as Buffer).length;
        }
        return { id: `${bytes} bytes` };
      }, middleware);
      const client = await app.connect('/', { headers: { 'X-Key': 'k' } }).opened();
      expect(await client.ask('whoami')).toMatchObject({ user: '0 bytes' });
    },
  );
});
