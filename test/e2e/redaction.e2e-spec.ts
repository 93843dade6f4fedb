import { once } from 'node:events';
import { connect } from 'node:net';
import { inspect } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  sessionOf,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { canary, canaryForms, canaryWays } from '../support/canary-ways.js';
import { EchoGateway } from '../support/gateways.js';
import { customStrategy } from '../support/strategies.js';

function expectNoCanary(text: string): void {
  for (const form of canaryForms) {
    expect(text).not.toContain(form);
  }
}

/** Remembers every line that Nest logs, with all that was passed. */
class RecordingLogger implements LoggerService {
  readonly lines: string[] = [];
  readonly log = this.#record;
  readonly error = this.#record;
  readonly warn = this.#record;
  readonly debug = this.#record;
  readonly verbose = this.#record;
  readonly fatal = this.#record;

  get #record() {
    return (...parts: unknown[]) => {
      this.lines.push(parts.map((part) => inspect(part, { depth: 10, showHidden: true })).join());
    };
  }
}

@WebSocketGateway()
class ThrowingGateway {
  @SubscribeMessage('throw')
  throw(): never {
    throw new Error('a bug of the application');
  }

  @SubscribeMessage('refuse')
  refuse(): never {
    throw new WsException('no');
  }
}

const accepting = customStrategy('accepting', () => ({ id: 'alice' }));
const refusing = customStrategy('refusing', () => false);
const breaking = customStrategy('breaking', () => {
  throw new Error('a bug of the strategy');
});

/** Breaks as parsers do: the message of the error quotes the input. */
const quoting = customStrategy('quoting', ({ headers, url, body }) => {
  throw new SyntaxError(
    `unexpected ${JSON.stringify({ headers, url })} ${String(body['password'])}`,
  );
});

let written: string[] = [];

beforeEach(() => {
  written = [];
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
});

function startLogging(strategy: string, extractor: WsCredentialExtractor, logger: LoggerService) {
  return startProtected(
    { strategy, credentials: [extractor] },
    [accepting, refusing, breaking, quoting, ThrowingGateway],
    { logger },
  );
}

describe.each(canaryWays)('a credential in %s', (_name, extractor, path, options) => {
  it('is nowhere in what handleConnection() sees, nor in a log line', async () => {
    const logger = new RecordingLogger();
    {
      await using app = await startLogging('accepting', extractor, logger);
      const client = await app.connect(path, options(app)).opened();
      client.emit('throw', 1);
      await client.next();
      client.emit('refuse', 1);
      await client.next();
      const { request, client: seen } = app.nest.get(EchoGateway).connected[0]!;
      const { url, rawHeaders, headers, headersDistinct } = request;
      expectNoCanary(inspect({ url, rawHeaders, headers, headersDistinct }, { depth: 10 }));
      expect(inspect(headers)).toContain('websocket');
      expectNoCanary(inspect(request, { depth: 8, showHidden: true, maxStringLength: null }));
      expectNoCanary(inspect(seen, { depth: 8, showHidden: true, maxStringLength: null }));
      expectNoCanary(inspect(sessionOf(seen), { depth: 8, showHidden: true }));
      expectNoCanary(client.unread.join());
    }
    expect(logger.lines.length).toBeGreaterThan(0);
    expectNoCanary(logger.lines.join('\n'));
    expectNoCanary(written.join('\n'));
  });

  it.each(['refusing', 'breaking', 'quoting'])(
    'is nowhere in a refusal, nor in a log line, of a strategy that is %s',
    async (strategy) => {
      const logger = new RecordingLogger();
      await using app = await startLogging(strategy, extractor, logger);
      const refusal = await app.connect(path, options(app)).refusal();
      expect(refusal.status).toBe(strategy === 'refusing' ? 401 : 500);
      expectNoCanary(inspect(refusal, { depth: 10 }));
      expectNoCanary(logger.lines.join('\n'));
      expectNoCanary(written.join('\n'));
    },
  );
});

describe('a credential in the first message', () => {
  const extractor = fromFirstMessage();

  it('is nowhere in what the gateway sees, nor in a log line', async () => {
    const logger = new RecordingLogger();
    await using app = await startLogging('accepting', extractor, logger);
    const client = await app.connect().opened();
    client.emit('authenticate', { token: canary, password: canary }).emit('throw', 1);
    expectNoCanary(await client.next());
    expectNoCanary(await client.next());
    const { request, client: seen } = app.nest.get(EchoGateway).connected[0]!;
    const session = sessionOf(seen);
    expectNoCanary(inspect({ url: request.url, headers: request.headers, session }, { depth: 8 }));
    expectNoCanary(logger.lines.join('\n'));
    expectNoCanary(written.join('\n'));
  });

  it.each(['refusing', 'breaking', 'quoting'])(
    'is nowhere in a close reason, nor in a log line, of a strategy that is %s',
    async (strategy) => {
      const logger = new RecordingLogger();
      await using app = await startLogging(strategy, extractor, logger);
      const client = await app.connect().opened();
      client.emit('authenticate', { token: canary });
      expectNoCanary((await client.closed()).reason);
      expectNoCanary(logger.lines.join('\n'));
    },
  );

  it('is not logged as a line of a stack, nor is anything else of the client', async () => {
    const logger = new RecordingLogger();
    await using app = await startLogging('quoting', extractor, logger);
    const client = await app.connect().opened();
    const password = `\n    at ${canary}\u001b[2J\n    at evil (x.js:1:1)`;
    client.emit('authenticate', { username: 'alice', password });
    expect((await client.closed()).code).toBe(1011);
    expectNoCanary(logger.lines.join('\n'));
    expect(logger.lines.join('\n')).not.toContain('evil');
  });

  it.each([
    ['as another event', JSON.stringify({ event: 'login', data: canary })],
    ['as a bare text', canary],
    ['as a binary frame', Buffer.from(canary)],
  ])('is not reflected when it comes %s', async (_how, frame) => {
    const logger = new RecordingLogger();
    await using app = await startLogging('accepting', extractor, logger);
    const client = await app.connect().opened();
    client.sendRaw(frame);
    expectNoCanary((await client.closed()).reason);
    expectNoCanary(logger.lines.join('\n'));
  });
});

describe('what is not a credential', () => {
  it('stays as it was', async () => {
    await using app = await startProtected(
      { strategy: 'accepting', credentials: [fromQueryParam('token'), fromCookie('token')] },
      [accepting],
    );
    const headers = { cookie: 'theme=dark; token=old', 'x-request-id': '42' };
    await app.connect(`/?a=b%20c&token=${canary}&d`, { headers }).opened();
    const { request } = app.nest.get(EchoGateway).connected[0]!;
    expect(request.url).toBe('/?a=b%20c&token=REDACTED&d');
    expect(request.headers).toMatchObject({
      cookie: 'theme=dark; token=REDACTED',
      'x-request-id': '42',
      host: `127.0.0.1:${app.port}`,
    });
    expect(request.headersDistinct['x-request-id']).toEqual(['42']);
  });

  it('hides Authorization even where nothing reads it', async () => {
    await using app = await startProtected(
      { strategy: 'accepting', credentials: [fromFirstMessage()] },
      [accepting],
    );
    const headers = { authorization: `Bearer ${canary}`, 'proxy-authorization': canary };
    const client = await app.connect('/', { headers }).opened();
    client.emit('authenticate', { token: 'x' });
    await client.next();
    const { request } = app.nest.get(EchoGateway).connected[0]!;
    expectNoCanary(inspect({ ...request.headers, raw: request.rawHeaders }));
  });
});

describe('malformed input', () => {
  it.each([
    ['the query of an unknown path', `/unknown?token=${canary}`, ''],
    ['a target that no client sends', `//${canary}`, ''],
    ['an origin', '/', `Origin: https://${canary}\r\n`],
    ['an unknown scheme', '/', `Authorization: ${canary} ${canary}\r\n`],
    ['two headers', '/', `Authorization: Bearer ${canary}\r\nAuthorization: Bearer x\r\n`],
    ['a subprotocol that is not a token', '/', `Sec-WebSocket-Protocol: "${canary}"\r\n`],
  ])('is not reflected: %s', async (_what, target, header) => {
    const logger = new RecordingLogger();
    await using app = await startProtected(
      { strategy: 'refusing', credentials: [fromAuthorizationHeader(), fromRequest()] },
      [refusing],
      { logger },
    );
    const response = await rawHandshake(app.port, target, header);
    expect(response).toMatch(/^HTTP\/1\.1 4\d\d /);
    expectNoCanary(response);
    expectNoCanary(logger.lines.join('\n'));
  });
});

describe('a protocol error after authentication', () => {
  it('logs nothing of what the client sent', async () => {
    const logger = new RecordingLogger();
    await using app = await startLogging('accepting', fromFirstMessage(), logger);
    const client = await app.connect().opened();
    client.emit('authenticate', { token: canary });
    await client.next();
    const { _socket: tcp } = client.socket as WebSocket & { _socket?: { write(b: Buffer): void } };
    tcp!.write(Buffer.concat([Buffer.from([0xf1, 0x80 + canary.length]), Buffer.from(canary)]));
    await client.closed();
    expectNoCanary(logger.lines.join('\n'));
  });
});

/** Sends a handshake byte by byte as given and returns the whole response. */
async function rawHandshake(port: number, target: string, header: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1');
  let response = '';
  socket.on('data', (chunk: string) => (response += chunk));
  socket.write(
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${header}\r\n`,
  );
  await once(socket, 'close');
  return response;
}
