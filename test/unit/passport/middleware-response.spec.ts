import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express, { type Response } from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MiddlewareApplication } from '../../../lib/passport/middleware-application.js';
import {
  MiddlewareResponse,
  type MiddlewareAnswer,
} from '../../../lib/passport/middleware-response.js';
import { upgradeRequest } from '../support/requests.js';

type Respond = (response: Response) => unknown;

/** What a middleware may do instead of calling `next()`. */
const answers: Readonly<Record<string, Respond>> = {
  'end()': (response) => response.end(),
  'end(body, callback)': (response) => response.end('no', () => undefined),
  'writeHead()': (response) => response.writeHead(401, { 'WWW-Authenticate': 'Basic' }).end('no'),
  'writeHead() with a reason': (response) =>
    response.writeHead(403, 'no', ['Retry-After', '7']).end(),
  'write()': (response) => response.status(403).write('no') && response.end(),
  'status().end()': (response) => response.status(403).end(),
  'sendStatus()': (response) => response.sendStatus(429),
  'status().json()': (response) => response.status(429).json({ no: true }),
  'status().jsonp()': (response) => response.status(429).jsonp({ no: true }),
  'status().send()': (response) => response.status(402).send('no'),
  'send()': (response) => response.send('hello'),
  'set()': (response) => response.set('Retry-After', '9').status(503).send(),
  'set() with fields': (response) =>
    response.set({ 'Retry-After': '9', 'X-Any': 'x' }).status(503).send(),
  'header()': (response) => response.header('Retry-After', '9').sendStatus(429),
  'setHeader()': (response) => response.setHeader('Retry-After', 9).status(429).end(),
  'append()': (response) =>
    response
      .append('WWW-Authenticate', 'Digest realm="a"')
      .append('WWW-Authenticate', ['Other realm="b"'])
      .sendStatus(401),
  'type(), vary() and contentType()': (response) =>
    response.type('text/plain').vary('Origin').contentType('text/html').sendStatus(400),
  'cookie() and clearCookie()': (response) =>
    response.cookie('a', '1').clearCookie('b').sendStatus(401),
  'redirect()': (response) => response.redirect('/login'),
  'redirect() with a status': (response) => response.redirect(303, '/login?a=é'),
  'location()': (response) => response.location('/login').status(307).end(),
  'get()': (response) =>
    response
      .set('X-Status', '418')
      .status(Number(response.get('X-Status')))
      .end(),
};

function answerTo(respond: Respond): MiddlewareAnswer | undefined {
  const response = new MiddlewareResponse(upgradeRequest('/'));
  let answer: MiddlewareAnswer | undefined;
  response.onEnd = (made) => (answer = made);
  respond(response as unknown as Response);
  return answer;
}

/** Asks Express, where each answer has a path of its own. */
async function askExpress(): Promise<(index: number) => Promise<MiddlewareAnswer>> {
  const app = express();
  Object.values(answers).forEach((respond, index) =>
    app.get(`/${index}`, (_request, response) => void respond(response)),
  );
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return async (index) => {
    const { status, headers } = await fetch(`http://127.0.0.1:${port}/${index}`, {
      redirect: 'manual',
    });
    const retryAfter = headers.get('Retry-After');
    return {
      status,
      redirects: Object.keys(answers)[index]!.startsWith('redirect()'),
      retryAfterSeconds: retryAfter === null ? undefined : Number(retryAfter),
      challenges: headers.get('WWW-Authenticate')?.split(', ') ?? [],
    };
  };
}

describe('MiddlewareResponse', () => {
  it('K5a, K5b: answers by each method what Express answers', async () => {
    const ofExpress = await askExpress();
    for (const [index, [what, respond]] of Object.entries(answers).entries()) {
      expect(answerTo(respond), what).toEqual(await ofExpress(index));
    }
  });

  it('K5b: takes render() for an answer', () => {
    expect(answerTo((response) => response.render('login'))).toMatchObject({ status: 200 });
  });

  it.each([
    ['7', 7],
    ['0', 0],
    ['', undefined],
    ['soon', undefined],
    ['-1', undefined],
    ['9999999999', undefined],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('K5b: reads the Retry-After %j', (value, retryAfterSeconds) => {
    const answer = answerTo((response) => response.set('Retry-After', value).sendStatus(429));
    expect(answer).toMatchObject({ retryAfterSeconds });
  });

  it('K5b: reads a Retry-After that is a date', () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const answer = answerTo((response) => response.set('Retry-After', date).sendStatus(429));
    expect(answer!.retryAfterSeconds).toBeGreaterThan(50);
    expect(answer!.retryAfterSeconds).toBeLessThanOrEqual(60);
  });

  it('K5b: is seen as sent once it has ended, and calls back', async () => {
    const response = new MiddlewareResponse(upgradeRequest('/'));
    expect(response).toMatchObject({ headersSent: false, writableEnded: false });
    const written = vi.fn();
    response.write('a', written);
    await new Promise<void>((resolve) => void response.end('b', resolve));
    expect(written).toHaveBeenCalledOnce();
    expect(response).toMatchObject({ headersSent: true, writableEnded: true });
  });

  it('K5a: is found on the request, and the request on it', () => {
    const request = upgradeRequest('/');
    const response = new MiddlewareResponse(request);
    expect(request).toMatchObject({ res: response });
    expect(response).toMatchObject({ req: request, locals: {} });
  });

  it('K5a: leaves out fields without a value', () => {
    const response = new MiddlewareResponse(upgradeRequest('/'));
    response.set({ 'X-Any': undefined });
    expect(response.getHeaderNames()).toEqual([]);
  });
});

it('K5b: an application answers for the setting "trust proxy"', () => {
  const app = new MiddlewareApplication('loopback');
  expect(app.get('trust proxy')).toBe('loopback');
  expect(app.enabled('trust proxy')).toBe(true);
  expect(app.disabled('etag')).toBe(true);
});

it.each(['production', ''])('K5a: an application answers for the setting "env": %j', (env) => {
  vi.stubEnv('NODE_ENV', env);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(new MiddlewareApplication(false).get('env')).toBe(express().get('env'));
});
