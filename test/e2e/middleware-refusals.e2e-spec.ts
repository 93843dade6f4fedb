import { createRequire } from 'node:module';
import type { Response } from 'express';
import { describe, expect, it, vi } from 'vitest';
import { fromFirstMessage, type WsAuthMiddleware } from '../../lib/index.js';
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
const limits: WsAuthMiddleware = (_request, response: Response) => response.sendStatus(429);
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
