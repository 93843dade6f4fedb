import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  connect,
  firstMessage,
  queryParam,
  subprotocol,
  type WsAuthSocket,
} from '../../lib/client.js';
import { Deferred } from '../../lib/client/deferred.js';
import { fromFirstMessage, fromSubprotocol } from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';
import { scripted, ScriptedWebSocket } from './scripted-socket.js';
import { turns } from '../support/turns.js';

const token = () => tokenOf('alice');
const run = promisify(execFile);

const states: readonly (readonly [WsAuthSocket['state'], (client: ObservedSocket) => unknown])[] = [
  ['connecting', (client) => client.next('connecting')],
  ['open', (client) => client.next('open')],
  ['closed', (client) => client.next('open').then(() => client.close())],
];

describe.each(states)('a socket that is %s', (state, reach) => {
  it('K7c: throws at the call for what no WebSocket can send, and lives on', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token });
    await reach(client);
    for (const data of [{ event: 'hello' }, 5, null, undefined, [], Symbol('s'), () => '']) {
      expect(() => client.socket.send(data as never)).toThrow(TypeError);
    }
    expect(client.socket.state).toBe(state);
    expect(client.socket.bufferedAmount).toBe(0);
  });

  it('K7c: throws at the call for a close code that no application may send', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token });
    await reach(client);
    for (const code of [1, 999, 1001, 1005, 2999, 5000, Number.NaN]) {
      expect(() => client.socket.close(code)).toThrow(RangeError);
    }
    expect(client.socket.state).toBe(state);
  });
});

describe('a socket', () => {
  it('K7k: has the constants of a WebSocket, as its class has', async () => {
    await using client = new ObservedSocket('ws://127.0.0.1:9/', { token });
    const constants = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
    expect(client.socket).toMatchObject(constants);
    const { constructor } = client.socket as unknown as { constructor: Record<string, number> };
    for (const [name, value] of Object.entries(constants)) {
      expect(constructor[name]).toBe(value);
    }
  });

  it('K7k: delivers no message once it is closing', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token });
    await client.next('open');
    const { client: serverSide } = app.nest.get(EchoGateway).connected[0]!;
    serverSide.send('before');
    client.socket.addEventListener('message', () => client.socket.close());
    for (let count = 0; count < 100; count += 1) serverSide.send('after');
    await client.next('close');
    expect(client.history.filter((type) => type === 'message')).toHaveLength(1);
  });

  it('K7k: shares a signal with as many others as there are, without a warning', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    const abort = new AbortController();
    const sockets = Array.from({ length: 31 }, () => {
      const socket = connect('ws://127.0.0.1:9/', {
        token: () => new Promise<string>(() => undefined),
        WebSocket: ScriptedWebSocket,
        signal: abort.signal,
      });
      socket.addEventListener('message', () => undefined, { signal: abort.signal });
      return socket;
    });
    sockets[0]!.close();
    abort.abort();
    await turns(1);
    process.off('warning', warned);
    expect(sockets.every(({ state }) => state === 'closed')).toBe(true);
    expect(warned).not.toHaveBeenCalled();
  });

  it('K7k: is not made with a token that is not a function', () => {
    expect(() => connect('ws://127.0.0.1:9/', { token: 'text' as never, WebSocket })).toThrow(
      new TypeError('token: expected function'),
    );
  });

  it('K7e: waits for ever if it may', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token, timeoutMs: Infinity });
    await client.next('open');
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it.each(['raw', 'base64url'] as const)(
    'K7d: offers its token as the gateway reads it: %s',
    async (encoding) => {
      const options = { encoding, prefix: 'access.' };
      await using app = await startProtected({ credentials: [fromSubprotocol(options)] });
      await using client = new ObservedSocket(app.url(), { token, via: subprotocol(options) });
      expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    },
  );
});

describe('what is known of a failure', () => {
  const failures = [
    ['no server listens', 'ws://127.0.0.1:9/', 'ECONNREFUSED'],
    ['there is no such host', 'ws://no-such-host.invalid/', /^(ENOTFOUND|EAI_AGAIN)$/],
  ] as const;

  it.each(failures)('K7g: reports why a connection failed: %s', async (_name, url, code) => {
    const options = { token: () => 'secret-token', via: queryParam() };
    await using client = new ObservedSocket(url, options);
    const { cause } = await client.next('waiting');
    expect(cause).toMatchObject({
      code: typeof code === 'string' ? code : expect.stringMatching(code),
    });
    expect(inspect(cause, { depth: 9, showHidden: true })).not.toContain('secret');
  });

  it('K7g: reports why a connection failed: a certificate that is not trusted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'untrusted-'));
    const files = ['-keyout', 'key', '-out', 'crt', '-days', '1', '-subj', '/CN=localhost'];
    await run('openssl', ['req', '-x509', '-nodes', '-newkey', 'rsa:2048', ...files], {
      cwd: folder,
    });
    const [key, cert] = await Promise.all(
      ['key', 'crt'].map((name) => readFile(join(folder, name))),
    );
    const server = createServer({ key: key!, cert: cert! }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using client = new ObservedSocket(`wss://127.0.0.1:${port}/`, {
      token: () => 'secret-token',
      via: queryParam(),
      maxFailures: 1,
    });
    const closing = await client.next('close');
    expect(closing.cause).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const rejection: unknown = await client.socket.authenticated.catch((error: unknown) => error);
    expect(rejection).toMatchObject({ cause: { cause: closing.cause } });
    expect(inspect([closing.cause, rejection], { depth: 9 })).not.toContain('secret');
    server.close();
    await rm(folder, { recursive: true });
  });

  it('K7g: reports why a connection failed: a constructor that throws', async () => {
    const options = { token: () => 'secret token', via: subprotocol() };
    await using client = new ObservedSocket('ws://127.0.0.1:9/', options);
    const { reason, cause } = await client.next('close');
    expect([reason, cause]).toMatchObject(['no WebSocket', { code: 'SyntaxError' }]);
    expect(client.seen.join('\n')).not.toContain('secret');
  });
});

describe('a token that is in a message', () => {
  it.each(['event', 'raw'] as const)(
    'K7h: is obtained when the connection is open, and sent without a delay (%s)',
    async (format) => {
      const source = vi.fn(token);
      const { WebSocket: Scripted, socket } = scripted();
      await using client = new ObservedSocket('ws://127.0.0.1:9/', {
        token: source,
        WebSocket: Scripted,
        via: firstMessage({ format }),
      });
      const connection = await socket(0);
      await turns(1);
      expect(source).not.toHaveBeenCalled();
      connection.open();
      await client.next('authenticating');
      expect([source.mock.calls.length, connection.sent.length]).toEqual([1, 1]);
    },
  );

  it('K7h: may take longer than the server waits: it is used on another connection', async () => {
    const late = new Deferred<string>();
    const source = vi.fn(() => late.promise);
    await using app = await startProtected({
      authTimeoutMs: 50,
      credentials: [fromFirstMessage()],
    });
    const closed = vi.fn();
    class Watched extends WebSocket {
      constructor(url: string, protocols?: string[]) {
        super(url, protocols);
        this.addEventListener('close', ({ code }) => {
          closed(code);
          setImmediate(() => late.resolve(token()));
        });
      }
    }
    await using client = new ObservedSocket(app.url(), { token: source, WebSocket: Watched });
    await client.next('open');
    expect(closed.mock.calls).toEqual([[3008]]);
    expect(source).toHaveBeenCalledTimes(1);
    expect(client.told).toEqual(['connecting', 'authenticating', 'open']);
  });

  it('K7h: ends nothing if the server is gone for good meanwhile', async () => {
    const { WebSocket: Scripted, socket } = scripted();
    await using client = new ObservedSocket('ws://127.0.0.1:9/', {
      token: () => new Promise<string>(() => undefined),
      WebSocket: Scripted,
    });
    const connection = await socket(0);
    connection.open();
    connection.fire('close', { code: 3003, reason: 'origin refused' });
    expect(await client.next('close')).toMatchObject({ code: 3003, reason: 'origin refused' });
  });
});

describe('a renewal without a token', () => {
  it.each([undefined, null, ''])(
    'K7i: means that the user is not logged in: %s',
    async (nothing) => {
      await using app = await startProtected();
      const tokens = [token(), nothing];
      const onUnauthenticated = vi.fn();
      await using client = new ObservedSocket(app.url(), {
        token: () => tokens.shift(),
        onUnauthenticated,
      });
      await client.next('open');
      const { client: serverSide } = app.nest.get(EchoGateway).connected[0]!;
      const left = once(serverSide, 'close');
      client.socket.renew();
      expect(await client.next('close')).toMatchObject({ code: 3000, reason: 'not logged in' });
      expect(onUnauthenticated).toHaveBeenCalledTimes(1);
      await left;
    },
  );
});

describe('a proxy that does not pass the upgrade on for a while', () => {
  it.each([404, 425, 426, 302, 200])('K7f: with %d is waited for', async (status) => {
    const proxy = createHttpServer().listen(0, '127.0.0.1');
    proxy.on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 ${status} Status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    });
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    await using client = new ObservedSocket(`ws://127.0.0.1:${port}/`, { token });
    for (let failures = 1; failures < 4; failures += 1) {
      const reason = `refused with ${status}`;
      expect(await client.next('waiting')).toMatchObject({ reason, failures });
    }
    client.close();
    await once(proxy.close(), 'close');
  });
});
