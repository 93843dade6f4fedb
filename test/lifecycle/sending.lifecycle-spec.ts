import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocketGateway } from '@nestjs/websockets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { WsAuthSessions } from '../../lib/index.js';
import { startGateways, startProtected, type TestApp } from '../support/app.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { enter, serverSide } from '../support/connections.js';
import { settle } from '../support/turns.js';

const bound = 65_536;
const large = 4 * 1_024 * 1_024;

/** The data of a message, as `send()` takes it. */
const forms: [string, (size: number) => string | Buffer | ArrayBuffer | Uint8Array | Blob][] = [
  ['a text', (size) => 'x'.repeat(size)],
  ['a text of several bytes a character', (size) => 'é'.repeat(size / 2)],
  ['a Buffer', (size) => Buffer.alloc(size)],
  ['an ArrayBuffer', (size) => new ArrayBuffer(size)],
  ['an array of numbers', (size) => new Uint16Array(size / 2) as never],
  ['a Blob', (size) => new Blob([new Uint8Array(size)])],
];

let accepted: WebSocket;

@WebSocketGateway({ perMessageDeflate: true })
class Gateway {
  handleConnection(client: WebSocket): void {
    accepted = client;
  }
}

/** Both ends of a connection whose client reads, or does not. */
async function connect(app: TestApp, perMessageDeflate: boolean) {
  const client = new WebSocket(app.url(), { ...bearer(tokenOf('alice')), perMessageDeflate });
  client.on('error', () => undefined);
  const sizes: number[] = [];
  client.on('message', (data: Buffer) => sizes.push(data.length));
  await once(client, 'open');
  const { _socket: socket } = client as unknown as { readonly _socket: Socket };
  return { client, sizes, socket, held: accepted };
}

/** How a message was sent: `sent`, or the error that its callback was given. */
function send(client: WebSocket, data: unknown): Promise<string> {
  return new Promise((resolve) => {
    client.send(data as string, (error) => resolve(error ? error.message : 'sent'));
  });
}

describe.each([true, false])('a client that reads (compressed: %s)', (compressed) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startGateways({ maxBufferedBytes: bound }, [Gateway]);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it.each(forms)('K14g: receives one message of any size: %s', async (_form, make) => {
    const { client, sizes, held } = await connect(app, compressed);
    for (let round = 1; round <= 2; round += 1) {
      expect(await send(held, make(large))).toBe('sent');
      while (sizes.length < round) {
        await once(client, 'message');
      }
    }
    expect(sizes).toEqual([large, large]);
    client.terminate();
  });

  it.each(forms)('K14g: receives small messages behind it, in order: %s', async (_form, make) => {
    const { client, sizes, held } = await connect(app, compressed);
    const sent = [1_000, large, 1_000, 2_000, 3_000].map((size) => send(held, make(size)));
    while (sizes.length < sent.length) {
      await once(client, 'message');
    }
    expect(sizes).toEqual([1_000, large, 1_000, 2_000, 3_000]);
    expect(new Set(await Promise.all(sent))).toEqual(new Set(['sent']));
    client.terminate();
  });
});

describe('a client that does not read', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startGateways({ maxBufferedBytes: bound }, [Gateway]);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it.each(
    forms.flatMap(([form, make]) =>
      [1_000, bound, large].map((size) => [form, size, make] as const),
    ),
  )(
    'K14g: is terminated, and no callback reports what it never receives as sent: %s of %i bytes',
    async (_form, size, make) => {
      const { socket, held } = await connect(app, false);
      const closed = once(held, 'close');
      socket.pause();
      const results: Promise<string>[] = [];
      let waiting = 0;
      while (held.readyState === WebSocket.OPEN) {
        waiting = Math.max(waiting, held.bufferedAmount);
        results.push(send(held, make(size)));
        await settle();
      }
      await closed;
      expect(waiting).toBeLessThanOrEqual(bound + 3 * size + 100);
      const failed = (await Promise.all(results)).filter((result) => result !== 'sent');
      expect(failed.length).toBeGreaterThan(1);
      expect(app.nest.get(WsAuthSessions).count()).toBe(0);
      socket.destroy();
    },
  );

  it('K14g: is terminated within one turn, however many messages are sent in it', async () => {
    const { socket, held } = await connect(app, false);
    const closed = once(held, 'close');
    const results = Array.from({ length: 10_000 }, () => send(held, 'x'.repeat(10_000)));
    expect(held.readyState).toBe(WebSocket.CLOSING);
    await closed;
    expect(await Promise.all(results)).toContain('the client was terminated: it reads too slowly');
    socket.destroy();
  });
});

it('K14g: counts what small messages take beside their payload', async () => {
  await using app = await startGateways({ maxBufferedBytes: bound }, [Gateway]);
  const { socket, held } = await connect(app, false);
  const closed = once(held, 'close');
  socket.pause();
  while (held.bufferedAmount === 0) {
    held.send('x'.repeat(10_000));
  }
  let sent = 0;
  while (held.readyState === WebSocket.OPEN && sent < 10_000) {
    held.send('');
    sent += 1;
  }
  expect(sent).toBeLessThan(bound / 64);
  await closed;
  socket.destroy();
});

type Method = 'ping' | 'pong' | 'send';
type Done = (error?: Error) => void;

const calls: [string, (client: WebSocket, done: Done) => void][] = [
  ['send(data, done)', (client, done) => client.send('x', done)],
  ['send(data, options, done)', (client, done) => client.send('x', { binary: true }, done)],
  ['send(data, undefined, done)', (client, done) => client.send('x', undefined as never, done)],
  ...(['ping', 'pong'] as const).flatMap((name: Method): [string, (typeof calls)[0][1]][] => [
    [`${name}(done)`, (client, done) => (client[name] as (done: Done) => void)(done)],
    [
      `${name}(data, done)`,
      (client, done) => (client[name] as (...all: unknown[]) => void)('x', done),
    ],
    [
      `${name}(data, mask, done)`,
      (client, done) =>
        (client as never as Record<Method, (...all: unknown[]) => void>)[name]('x', false, done),
    ],
  ]),
];

describe.each(calls)('K14f: %s', (_form, call) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startProtected();
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const ends: [string, (client: WebSocket) => unknown][] = [
    ['while the session lives', () => undefined],
    [
      'after the session has ended',
      () => app.nest.get(WsAuthSessions).disconnect({ userId: 'alice' }),
    ],
    ['after the application has closed the client', (client) => client.close()],
    [
      'after the connection is gone',
      async (client) => {
        client.terminate();
        await once(client, 'close');
      },
    ],
  ];

  it.each(ends)('K14f: calls back as ws does %s', async (when, end) => {
    await enter(app, tokenOf('alice'));
    const held = serverSide(app).at(-1);
    await end(held!);
    let isLater = false;
    const error = new Promise<Error | null | undefined>((resolve) => {
      call(held!, (given) => {
        expect(isLater).toBe(true);
        resolve(given);
      });
    });
    isLater = true;
    expect((await error) instanceof Error).toBe(when !== 'while the session lives');
  });
});

it('K14f: without a callback, nothing is thrown after the session has ended', async () => {
  await using app = await startProtected();
  await enter(app, tokenOf('alice'));
  const [held] = serverSide(app);
  app.nest.get(WsAuthSessions).disconnect({ userId: 'alice' });
  held!.ping();
  held!.pong('x');
  held!.send('x');
  held!.send('x', { binary: true });
});
