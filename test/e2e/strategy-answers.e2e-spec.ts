import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Response } from 'express';
import session from 'express-session';
import { describe, expect, it } from 'vitest';
import {
  fromCookie,
  fromFirstMessage,
  fromRequest,
  WsAuthEvents,
  type WsAuthDiagnosis,
  type WsAuthMiddleware,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import { customStrategy, type JudgedRequest } from '../support/strategies.js';

const cookieParser = createRequire(import.meta.url)('cookie-parser') as (
  secrets: readonly string[],
) => WsAuthMiddleware;
const sessions = session({ secret: 's', resave: true, saveUninitialized: true });
const origin = 'https://app.example.com';

function signed(secret: string): string {
  const digest = createHmac('sha256', secret).update('opaque').digest('base64');
  return encodeURIComponent(`s:opaque.${digest.replace(/=+$/, '')}`);
}

function diagnosed(app: TestApp): Promise<WsAuthDiagnosis> {
  return new Promise((resolve) =>
    app.nest.get(WsAuthEvents).on('refused', ({ diagnosis }) => resolve(diagnosis)),
  );
}

/** A strategy that answers by the response of its request, and never calls back. */
const answering = (answer: (response: Response) => unknown) =>
  customStrategy('own', (request) => {
    answer((request as unknown as { readonly res: Response }).res);
    return new Promise<never>(() => {});
  });

describe('a strategy that answers the request by itself', () => {
  const page = 'ERR_WS_AUTH_REDIRECTED';
  it.each([
    ['a form, as SAML by POST', (response: Response) => response.send('<form>'), 401, page, 200],
    ['a redirect', (response: Response) => response.redirect('/login'), 401, page, 302],
    [
      'a refusal',
      (response: Response) => response.set('WWW-Authenticate', 'Own realm="a"').sendStatus(403),
      403,
      'ERR_WS_AUTH_NOT_PERMITTED',
      403,
    ],
    [
      'a status that no refusal has',
      (response: Response) => response.status(418).json({}),
      401,
      'ERR_WS_AUTH_CREDENTIAL_REJECTED',
      418,
    ],
  ] as const)(
    'K5: refuses immediately, with its reason: %s',
    async (_what, answer, status, code, own) => {
      for (const middleware of [[], [sessions]]) {
        await using app = await startProtected(
          { strategy: 'own', credentials: [fromRequest()], middleware },
          [answering(answer)],
        );
        const diagnosis = diagnosed(app);
        const events: string[] = [];
        app.nest.get(WsAuthEvents).on('refused', (event) => events.push(event.code));
        const refusal = await app.connect('/?token=a').refusal();
        expect([refusal.status, events]).toEqual([status, [code]]);
        expect((await diagnosis).strategies).toEqual([
          { strategy: 'own', answer: 'answered', status: own },
        ]);
      }
    },
  );
});

/** Middleware may set cookies of its own, which say nothing about the credential. */
function visits(_request: unknown, response: Response, next: () => void): void {
  response.cookie('visited', 'yes');
  next();
}

describe('a cookie that a strategy sets, as passport-remember-me does', () => {
  it.each([
    ['once, where it does', (response: Response) => response.cookie('remember', 'new'), 1],
    ['not where it only asks', (response: Response) => response.get('Set-Cookie'), 0],
  ])('K5b: reaches no client, and is warned of %s', async (_when, use, expected) => {
    for (const middleware of [[], [sessions], [visits]]) {
      const warnings: string[] = [];
      const logger = {
        log: () => {},
        error: () => {},
        warn: (text: string) => warnings.push(text),
      };
      const strategy = customStrategy('remember', (request) => {
        use((request as unknown as { readonly res: Response }).res);
        return { id: 'alice' };
      });
      const auth = { strategy: 'remember', credentials: [fromRequest()], middleware };
      await using app = await startProtected(auth, [strategy], { logger });
      for (let clients = 0; clients < 2; clients += 1) {
        await app.connect('/').opened();
      }
      expect(
        warnings.filter((text) => text.includes('a cookie was set while remember')),
      ).toHaveLength(expected);
    }
  });
});

describe('a first message', () => {
  it('K5: is a body of JSON for strategies that ask for its type, as passport-json', async () => {
    const strategy = customStrategy('typed', (request: JudgedRequest) => {
      const typed = request as unknown as { is(type: string): string | false };
      return typed.is('json') === 'json' && { id: request.body['name'] };
    });
    await using app = await startProtected(
      { strategy: 'typed', credentials: [fromFirstMessage()] },
      [strategy],
    );
    const client = await app.connect().opened();
    client.emit('authenticate', { name: 'alice' });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  });
});

describe('a signed cookie', () => {
  it('K8b: is verified by cookie-parser, for the strategy that reads it alone', async () => {
    const strategy = customStrategy('signed', (request) => {
      const { signedCookies } = request as unknown as {
        readonly signedCookies: Record<string, unknown>;
      };
      return signedCookies['sid'] === 'opaque' && { id: 'alice' };
    });
    await using app = await startProtected(
      {
        strategy: 'signed',
        credentials: [fromCookie('sid')],
        middleware: [cookieParser(['new', 'old'])],
        allowedOrigins: [origin],
      },
      [strategy],
    );
    const connect = (cookie: string, from = origin) =>
      app.connect('/', { headers: { cookie: `sid=${cookie}`, origin: from } });
    for (const secret of ['new', 'old']) {
      const client = await connect(signed(secret)).opened();
      expect(await client.ask('whoami')).toMatchObject({ user: 'alice', via: 'fromCookie' });
    }
    expect((await connect(signed('forged')).refusal()).status).toBe(401);
    expect((await connect(signed('new'), 'https://evil.example').refusal()).status).toBe(403);
  });
});
