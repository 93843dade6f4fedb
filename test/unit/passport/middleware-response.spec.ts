import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express, { type Response } from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { addExpressMembers } from '../../../lib/passport/express-members.js';
import {
  MiddlewareResponse,
  type MiddlewareAnswer,
} from '../../../lib/passport/middleware-response.js';
import { upgradeRequest } from '../support/requests.js';

const onHeaders = createRequire(import.meta.url)('on-headers') as (
  response: Response,
  listener: () => void,
) => void;
const onFinished = createRequire(import.meta.url)('on-finished') as (
  response: object,
  listener: () => void,
) => void;

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
  'vary() with a list': (response) => response.vary(['Origin', 'Accept'] as never).sendStatus(400),
  'links()': (response) => response.links({ next: '/2' }).links({ last: '/9' }).sendStatus(400),
  'attachment()': (response) => response.attachment('a.txt').sendStatus(400),
  'format()': (response) => response.format({ 'text/plain': () => response.sendStatus(400) }),
  'format() without what is accepted': (response) =>
    response.format({ none: () => response.sendStatus(400) }),
  'format() with a default': (response) =>
    response.format({ default: () => response.sendStatus(403) }),
  'flushHeaders()': (response) => {
    response.status(403).flushHeaders();
    response.end();
  },
  'a head that is written late': (response) => {
    onHeaders(response, function (this: Response) {
      this.status(429).setHeader('Retry-After', 3);
    });
    response.end();
  },
  'app and req': (response) => response.status(response.app === response.req.app ? 403 : 500).end(),
  'get()': (response) =>
    response
      .set('X-Status', '418')
      .status(Number(response.get('X-Status')))
      .end(),
};

/** What a response has answered, with fields that middleware may read back. */
interface Answered extends MiddlewareAnswer {
  readonly fields: Readonly<Record<string, string>>;
}

const comparedFields = ['location', 'link', 'x-any'] as const;

function fieldsBy(valueOf: (name: string) => unknown): Readonly<Record<string, string>> {
  const present = comparedFields.filter((name) => (valueOf(name) ?? null) !== null);
  return Object.fromEntries(present.map((name) => [name, [valueOf(name)].flat().join(', ')]));
}

function answerTo(respond: Respond): Answered | undefined {
  const request = upgradeRequest('/', [['Accept', 'text/*']]);
  addExpressMembers(request);
  const response = new MiddlewareResponse(request);
  let answer: Answered | undefined;
  response.onEnd = (made) =>
    (answer = { ...made, fields: fieldsBy((name) => response.getHeader(name)) });
  respond(response as unknown as Response);
  return answer;
}

/** Asks Express, where each answer has a path of its own. */
async function askExpress(): Promise<(index: number) => Promise<Answered>> {
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
      headers: { Accept: 'text/*' },
    });
    const retryAfter = headers.get('Retry-After');
    return {
      status,
      redirects: Object.keys(answers)[index]!.startsWith('redirect()'),
      retryAfterSeconds: retryAfter === null ? undefined : Number(retryAfter),
      challenges: headers.get('WWW-Authenticate')?.split(', ') ?? [],
      fields: fieldsBy((name) => headers.get(name)),
    };
  };
}

const goOn = (_request: unknown, _response: unknown, proceed: unknown) =>
  (proceed as (error: string) => void)('error');

describe('MiddlewareResponse', () => {
  it('K5a, K5b: answers by each method what Express answers', async () => {
    const ofExpress = await askExpress();
    for (const [index, [what, respond]] of Object.entries(answers).entries()) {
      expect(answerTo(respond), what).toEqual(await ofExpress(index));
    }
  });

  it.each<[string, Respond]>([
    ['render()', (response) => response.render('login')],
    ['sendFile()', (response) => response.sendFile('/login.html')],
    ['download()', (response) => response.download('/login.html', () => undefined)],
  ])('K5b: takes %s for an answer', (_what, respond) => {
    expect(answerTo(respond)).toMatchObject({ status: 200 });
  });

  it('K5a: passes next() of the middleware to what format() calls', () => {
    const request = upgradeRequest('/');
    const next = vi.fn();
    addExpressMembers(Object.assign(request, { next }));
    const response = new MiddlewareResponse(request);
    expect(response.format({ default: goOn })).toBe(response);
    expect(next).toHaveBeenCalledExactlyOnceWith('error');
    expect(response.get('Vary')).toEqual(['Accept']);
  });

  it('K5a: renders for a callback, which answers by itself', async () => {
    const response = new MiddlewareResponse(upgradeRequest('/'));
    const rendered = new Promise(
      (resolve) => void response.render('a', {}, (...all: unknown[]) => resolve(all)),
    );
    await expect(rendered).resolves.toEqual([null, '']);
    expect(response.writableEnded).toBe(false);
  });

  it.each<[string, (response: MiddlewareResponse) => unknown, number]>([
    ['that middleware has ended', (response) => response.sendStatus(403), 403],
    ['that no middleware has ended', () => undefined, 101],
    ['whose head has been written', (response) => response.flushHeaders(), 101],
  ])('K5a: ends the wait for the end of a response %s', async (_what, act, status) => {
    const response = new MiddlewareResponse(upgradeRequest('/'));
    const seen: unknown[] = [];
    onHeaders(response as unknown as Response, () => seen.push('headers'));
    const finished = new Promise<void>((resolve) => onFinished(response, resolve));
    response.on('finish', () => seen.push('finish', response.statusCode, response.headersSent));
    response.on('close', () => seen.push('close'));
    act(response);
    response.conclude(101);
    await finished;
    expect(seen).toEqual(['headers', 'finish', status, true, 'close']);
    expect(response).toMatchObject({ writableFinished: true, writableEnded: true });
  });

  it('K5a: has the socket of the request, and writes nothing to it', () => {
    const request = upgradeRequest('/');
    const write = vi.spyOn(request.socket, 'write');
    const response = new MiddlewareResponse(request);
    expect(response.socket).toBe(request.socket);
    response.writeContinue();
    response.writeProcessing();
    response.flushHeaders();
    response.write('a');
    response.end('b');
    expect(write).not.toHaveBeenCalled();
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
