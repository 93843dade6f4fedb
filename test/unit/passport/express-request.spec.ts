import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { redactionOf, redactRequest } from '../../../lib/credentials/redaction.js';
import { expressRequest, type WsAuthMiddleware } from '../../../lib/passport/express-request.js';
import { upgradeRequest } from '../support/requests.js';
import { ManualAttempt, runThrough } from '../support/strategies.js';
import { settle } from '../../support/turns.js';

type Next = (error?: unknown) => void;

function derived(): IncomingMessage {
  const request = upgradeRequest('/ws?a=1', [['Cookie', 's=SECRET']]);
  return expressRequest(request, redactRequest(request, redactionOf([])));
}

function run(...middleware: readonly WsAuthMiddleware[]): Promise<true | undefined> {
  return runThrough({ middleware, request: derived(), attempt: new ManualAttempt(), proceed });
}

function seenBy(middleware: WsAuthMiddleware): IncomingMessage {
  const request = upgradeRequest('/ws', [['Cookie', 's=1']]);
  return expressRequest(request, redactRequest(request, redactionOf([])), {
    middleware: [middleware],
  });
}

const continues: WsAuthMiddleware = (_request, _response, next: Next) => next();
function cookieParser(): void {}
const proceed = async () => true as const;
const down = new Error('down');

const setsCookie: WsAuthMiddleware = (_request, response: ServerResponse, next: Next) => {
  response.setHeader('Set-Cookie', 's=1');
  next();
};

describe('expressRequest', () => {
  it('holds what the client sent, while the real request stays redacted', () => {
    const request = upgradeRequest('/ws', [['Authorization', 'Bearer SECRET']]);
    const base = expressRequest(request, redactRequest(request, redactionOf([])));
    expect(base.headers.authorization).toBe('Bearer SECRET');
    expect(base).toMatchObject({ url: '/ws', originalUrl: '/ws' });
    Object.assign(base, { session: {} });
    expect(request.headers.authorization).toBe('REDACTED');
    expect(request).not.toHaveProperty('session');
  });
});

describe('the cookies that middleware sees', () => {
  it('K5a: are parsed', () => {
    expect(seenBy(continues)).toMatchObject({ cookies: { s: '1' } });
  });

  it('K5a: are left to cookie-parser, which also verifies the signed ones', () => {
    expect(seenBy(cookieParser)).toMatchObject({ cookies: undefined });
  });
});

describe('runMiddleware', () => {
  it('runs every middleware in order on one request and one response', async () => {
    const seen: unknown[] = [];
    const base = derived();
    const record =
      (name: string): WsAuthMiddleware =>
      (request, response, next: Next) => {
        seen.push(name, request, response);
        setImmediate(next);
      };
    await expect(
      runThrough({
        middleware: [record('a'), record('b')],
        request: base,
        attempt: new ManualAttempt(),
        proceed,
      }),
    ).resolves.toBe(true);
    expect(seen).toEqual(['a', base, seen[2], 'b', base, seen[2]]);
  });

  it('has nothing to run without middleware', async () => {
    await expect(run()).resolves.toBe(true);
  });

  it.each([null, undefined, false, 0, ''])(
    'goes on after next(%j), as Express does: that is not an error',
    async (none) => {
      await expect(run((_request, _response, next: Next) => next(none))).resolves.toBe(true);
    },
  );

  it.each<[string, WsAuthMiddleware]>([
    ['passes an error to next()', (_request, _response, next: Next) => next(down)],
    [
      'throws',
      () => {
        throw down;
      },
    ],
    ['rejects', () => Promise.reject(down)],
  ])('throws what a middleware %s', async (_what, middleware) => {
    await expect(run(middleware, continues)).rejects.toBe(down);
  });

  it.each<[string, (response: ServerResponse) => unknown]>([
    ['end()', (response) => response.end()],
    ['writeHead(401).end()', (response) => response.writeHead(401).end('no')],
  ])('CK-12: takes %s for a refusal, and runs nothing after it', async (_what, answer) => {
    let ran = false;
    const refusing: WsAuthMiddleware = (_request, response: ServerResponse) => answer(response);
    const after: WsAuthMiddleware = (_request, _response, next: Next) => {
      ran = true;
      next();
    };
    await expect(run(refusing, after)).resolves.toBeUndefined();
    expect(ran).toBe(false);
  });

  it('CK-12: lets a middleware set headers, which are never sent', async () => {
    await expect(run(setsCookie)).resolves.toBe(true);
  });

  it('ST-06, K6c: waits for one that has begun when the attempt ends, and begins no other', async () => {
    const attempt = new ManualAttempt();
    const second = vi.fn<WsAuthMiddleware>();
    let goOn: Next | undefined;
    const first: WsAuthMiddleware = (_request, _response, next: Next) => {
      goOn = next;
    };
    const ended = vi.fn();
    const running = runThrough({
      middleware: [first, second],
      request: derived(),
      attempt,
      proceed,
    }).finally(ended);
    attempt.abort();
    await settle();
    expect(ended).not.toHaveBeenCalled();
    goOn?.();
    await expect(running).resolves.toBeUndefined();
    expect(second).not.toHaveBeenCalled();
  });

  it('runs nothing for an attempt that has ended', async () => {
    const attempt = new ManualAttempt();
    attempt.abort();
    let ran = false;
    const middleware: WsAuthMiddleware = () => {
      ran = true;
    };
    const running = runThrough({
      middleware: [middleware],
      request: derived(),
      attempt,
      proceed,
    });
    await expect(running).resolves.toBeUndefined();
    expect(ran).toBe(false);
  });

  it('ST-08: believes the first of next(), end() and a rejection', async () => {
    await expect(
      run((_request, response: ServerResponse, next: Next) => {
        next();
        response.end();
        next(down);
        return Promise.reject(down);
      }),
    ).resolves.toBe(true);
    await settle();
  });
});
