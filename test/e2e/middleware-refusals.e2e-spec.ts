import { createRequire } from 'node:module';
import type { Response } from 'express';
import { describe, expect, it, vi } from 'vitest';
import { fromFirstMessage, WsAuthEvents, type WsAuthMiddleware } from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { tokenOf } from '../support/tokens.js';

interface RateLimitOptions {
  readonly limit: number;
  readonly windowMs: number;
  readonly standardHeaders?: string | boolean;
  readonly logger?: object;
}

const { rateLimit } = createRequire(import.meta.url)('express-rate-limit') as {
  rateLimit: (options: RateLimitOptions) => WsAuthMiddleware;
};

const redirects: WsAuthMiddleware = (_request, response: Response) => response.redirect('/login');
const continues: WsAuthMiddleware = (_request, _response, next) => next();
const limits: WsAuthMiddleware = (_request, response: Response) => response.sendStatus(429);
const limiter: WsAuthMiddleware = (_request, response: Response) => response.sendStatus(429);
const csrf: WsAuthMiddleware = (_request, _response, next) =>
  next(Object.assign(new Error('SECRET'), { statusCode: 403, name: 'ForbiddenError' }));
const broken: WsAuthMiddleware = () => {
  throw new TypeError('SECRET');
};
const authorization = `Bearer ${tokenOf('alice')}`;

describe('middleware that refuses', () => {
  it('K5b: express-rate-limit refuses one client with 429, and no other', async () => {
    const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() };
    const limit = rateLimit({ limit: 2, windowMs: 60_000, standardHeaders: 'draft-8', logger });
    await using app = await startProtected({ trustProxy: 'loopback', middleware: [limit] });
    const from = (address: string) =>
      app.connect('/', {
        headers: { Authorization: authorization, 'X-Forwarded-For': address },
      });
    await from('203.0.113.9').opened();
    await from('203.0.113.9').opened();
    const refused = await from('203.0.113.9').refusal();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(50);
    await from('198.51.100.7').opened();
    expect(logger.error).not.toHaveBeenCalled();
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it.each<[string, (response: Response) => unknown, object]>([
    ['429', (response) => response.set('Retry-After', '7').sendStatus(429), { 'retry-after': '7' }],
    ['403', (response) => response.status(403).json({ token: 'SECRET' }), {}],
    ['404', (response) => response.status(404).send('SECRET'), {}],
    [
      '503',
      (response) => response.writeHead(503, { 'Retry-After': '9' }).end(),
      { 'retry-after': '9' },
    ],
    [
      '401',
      (response) => response.set('WWW-Authenticate', 'Digest realm="a"').sendStatus(401),
      { 'www-authenticate': expect.stringContaining('Digest realm="a"') as unknown },
    ],
  ])(
    'K5b: answers the %s of the middleware, without its body',
    async (status, respond, headers) => {
      const middleware: WsAuthMiddleware = (_request, response) => respond(response);
      await using app = await startProtected({ middleware: [middleware] });
      const refused = await app
        .connect('/', { headers: { Authorization: authorization } })
        .refusal();
      expect(String(refused.status)).toBe(status);
      expect(refused.headers).toMatchObject(headers);
      expect(refused.body).not.toContain('SECRET');
    },
  );

  it('K5b: takes a redirect for a refusal that names the way out', async () => {
    await using app = await startProtected({ middleware: [redirects] });
    const refused = await app.connect('/', { headers: { Authorization: authorization } }).refusal();
    expect(refused).toMatchObject({ status: 401, body: 'log in over http first\n' });
    expect(refused.headers).not.toHaveProperty('location');
  });

  it.each<[string, WsAuthMiddleware, object]>([
    ['that answers', limiter, { middleware: 'limiter', status: 429 }],
    ['that redirects', redirects, { middleware: 'redirects', status: 302 }],
    [
      'without a name',
      (
        () => (_request: never, response: Response) =>
          response.status(402).end()
      )(),
      { middleware: '#1', status: 402 },
    ],
    ['that passes an error', csrf, { middleware: 'csrf', error: 'ForbiddenError' }],
    ['that throws', broken, { middleware: 'broken', error: 'TypeError' }],
    [
      'whose listener of the response throws',
      (_request, response: Response, next) => {
        response.on('finish', () => {
          throw new TypeError('SECRET');
        });
        next();
      },
      { middleware: 'finish', error: 'TypeError' },
    ],
  ])('K8: a refusal names the middleware %s', async (_what, middleware, diagnosis) => {
    await using app = await startProtected({ middleware: [continues, middleware] });
    const refused = new Promise<object>((resolve) =>
      app.nest.get(WsAuthEvents).on('refused', (event) => resolve(event.diagnosis)),
    );
    await app.connect('/', { headers: { Authorization: authorization } }).refusal();
    expect(await refused).toEqual({ check: 'middleware', ...diagnosis });
  });

  it.each<[string, string, number]>([
    ['an upgrade that is accepted', authorization, 101],
    ['one that a strategy refuses', 'Bearer x', 401],
  ])('K5a: middleware that logs responses logs %s', async (_what, credential, status) => {
    const logged = vi.fn();
    const logs: WsAuthMiddleware = (_request, response: Response, next) => {
      response.on('finish', () => logged(response.statusCode));
      next();
    };
    await using app = await startProtected({ middleware: [logs] });
    const client = app.connect('/', { headers: { Authorization: credential } });
    await (status === 101 ? client.opened() : client.refusal());
    expect(logged.mock.calls).toEqual([[status]]);
  });

  it('K5b: closes a first message with the code of the status', async () => {
    await using app = await startProtected({
      credentials: [fromFirstMessage()],
      middleware: [limits],
    });
    const client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.closed()).toMatchObject({ code: 1013, reason: 'too many attempts' });
  });
});
