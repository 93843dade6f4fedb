import { EventEmitter, once } from 'node:events';
import type { Socket } from 'node:net';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  fromQueryParam,
  sessionOf,
  WsAuthModule,
  WsAuthSessions,
  WsPublic,
} from '../../lib/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { bearerOf, customStrategy } from '../support/strategies.js';
import { turns } from '../support/turns.js';

const events = new EventEmitter();
/** What listeners of the client received, in order, and the user of the client. */
let log: string[] = [];
/** The messages that handlers received. Nest starts each by promises, so the last may begin after `handleDisconnect()`. */
let inHandlers: string[] = [];

function note(list: string[], client: WebSocket, what: string): void {
  const user = sessionOf<{ id: string }>(client)?.user.id;
  list.push(user === undefined ? what : `${user}: ${what}`);
}

class Recorder {
  handleConnection(client: WebSocket): void {
    note(log, client, 'connected');
    client.on('message', (message: Buffer) => {
      const { data } = JSON.parse(message.toString()) as { readonly data: string };
      note(log, client, data.slice(0, 8));
      if (data === 'hang up') {
        client.close(1000);
      } else if (data === 'end it') {
        ending();
      }
    });
  }

  @SubscribeMessage('message')
  handle(@ConnectedSocket() client: WebSocket, @MessageBody() data: string): void {
    note(inHandlers, client, data.slice(0, 8));
  }

  handleDisconnect(client: WebSocket): void {
    note(log, client, 'disconnected');
    setImmediate(() => events.emit('disconnected'));
  }
}

let ending: () => void;
let judging: Promise<void>;

const strategies = [
  customStrategy('prompt', (request) => ({ id: bearerOf(request) })),
  customStrategy('slow', async (request) => {
    events.emit('asked');
    await judging;
    return { id: bearerOf(request) };
  }),
];

@WsPublic()
@WebSocketGateway({ path: '/public', perMessageDeflate: { threshold: 0 } })
class PublicGateway extends Recorder {}

@WebSocketGateway({ path: '/', perMessageDeflate: { threshold: 0 } })
class ProtectedGateway extends Recorder {}

function forget(): void {
  log = [];
  inHandlers = [];
}

function startLeaving(strategy: 'prompt' | 'slow'): Promise<TestApp> {
  forget();
  const credentials = [fromAuthorizationHeader(), fromQueryParam('t'), fromFirstMessage()];
  return startApp({
    imports: [WsAuthModule.forRoot({ strategy, credentials })],
    providers: [...strategies, PublicGateway, ProtectedGateway],
  });
}

interface Traffic {
  readonly compressed: boolean;
  readonly messages: readonly string[];
  /** Bytes of a segment. */
  readonly segment: number;
  readonly ending: 'close frame' | 'FIN' | 'terminate';
  readonly authenticates: boolean;
}

/** What a client of `ws` writes for these messages. */
async function bytesOf(client: WebSocket, socket: Socket, traffic: Traffic): Promise<Buffer> {
  const written: Buffer[] = [];
  socket.write = ((chunk: Buffer, done?: () => void) => {
    written.push(Buffer.from(chunk));
    done?.();
    return true;
  }) as Socket['write'];
  const frames: object[] = traffic.messages.map((data) => ({ event: 'message', data }));
  if (traffic.authenticates) {
    frames.unshift({ event: 'authenticate', data: { token: 'alice' } });
  }
  for (const frame of frames) {
    await new Promise((sent) => client.send(JSON.stringify(frame), sent));
  }
  if (traffic.ending === 'close frame') {
    client.close(1000);
  }
  Reflect.deleteProperty(socket, 'write');
  return Buffer.concat(written);
}

/** Sends everything in segments of that size, and leaves without waiting for anything. */
async function sendAndLeave(client: WebSocket, traffic: Traffic): Promise<void> {
  const { _socket: socket } = client as unknown as { readonly _socket: Socket };
  const bytes = await bytesOf(client, socket, traffic);
  for (let offset = 0; offset < bytes.length; offset += traffic.segment) {
    const segment = bytes.subarray(offset, offset + traffic.segment);
    await new Promise((sent) => socket.write(segment, sent));
    await turns(1);
  }
  if (traffic.ending === 'FIN') {
    socket.end();
  } else if (traffic.ending === 'terminate') {
    client.terminate();
  }
}

async function connect(app: TestApp, path: string, compressed: boolean, headers = {}) {
  const client = new WebSocket(app.url(path), { perMessageDeflate: compressed, headers });
  client.on('error', () => undefined);
  await once(client, 'open');
  return client;
}

const messages = Array.from({ length: 5 }, (_, index) => `${index} `.padEnd(2_000, 'x'));

/** That these messages were handled, in order, as of that user. */
function expectHandled(sent: readonly string[], user?: string, name?: string): void {
  const as = (what: string) => (user === undefined ? what : `${user}: ${what}`);
  const expected = sent.map((data) => as(data.slice(0, 8)));
  expect(log, name).toEqual([as('connected'), ...expected, as('disconnected')]);
  expect(inHandlers, name).toEqual(expected);
}

const wholes = Number.MAX_SAFE_INTEGER;
const traffics = [true, false].flatMap((compressed) =>
  [wholes, 1_500, 64].flatMap((segment) =>
    (['close frame', 'FIN', 'terminate'] as const).map(
      (end) =>
        [
          `${compressed ? 'compressed' : 'plain'}, in ${segment === wholes ? 'one segment' : `segments of ${segment} bytes`}, by ${end}`,
          { compressed, segment, ending: end, messages },
        ] as const,
    ),
  ),
);

describe('a client that sends and leaves', () => {
  const ways: [string, string, object, string | undefined][] = [
    ['public, as stock Nest', '/public', {}, undefined],
    ['by header', '/', { authorization: 'Bearer alice' }, 'alice'],
    ['by query', '/?t=alice', {}, 'alice'],
    ['by first message', '/', {}, 'alice'],
  ];

  it.each(ways)('K14a, K14b: %s: all is handled, in order', async (way, path, headers, user) => {
    await using app = await startLeaving('prompt');
    for (const [name, traffic] of traffics) {
      forget();
      const client = await connect(app, path, traffic.compressed, headers);
      const disconnected = once(events, 'disconnected');
      await sendAndLeave(client, { ...traffic, authenticates: way === 'by first message' });
      await disconnected;
      expectHandled(messages, user, name);
    }
    expect(app.nest.get(WsAuthSessions).count()).toBe(0);
  });

  it.each(traffics)(
    'K14a, K14b: while its first message is verified: all is handled (%s)',
    async (_name, traffic) => {
      let decide!: () => void;
      judging = new Promise((resolve) => (decide = resolve));
      await using app = await startLeaving('slow');
      const client = await connect(app, '/', traffic.compressed);
      const asked = once(events, 'asked');
      const disconnected = once(events, 'disconnected');
      await sendAndLeave(client, { ...traffic, authenticates: true });
      await asked;
      for (let round = 0; round < 50; round += 1) {
        await turns(1);
      }
      expect(log).toEqual([]);
      decide();
      await disconnected;
      expectHandled(messages, 'alice');
      expect(app.nest.get(WsAuthSessions).count()).toBe(0);
    },
  );

  it('K14a: with a credential that is refused: nothing is handled', async () => {
    judging = Promise.reject(new Error('no'));
    judging.catch(() => undefined);
    await using app = await startLeaving('slow');
    for (const [, traffic] of traffics) {
      const client = await connect(app, '/', traffic.compressed);
      const asked = once(events, 'asked');
      await sendAndLeave(client, { ...traffic, authenticates: true });
      await asked;
    }
    const other = await app.connect('/public').opened();
    await other.barrier();
    expect(log).toEqual(['connected']);
  });
});

describe('messages in flight', () => {
  const first = ['hang up', '1', '2'];

  it.each([
    ['/public', undefined],
    ['/?t=alice', 'alice'],
  ])("K14c: are delivered after the application's own close(): %s", async (path, user) => {
    await using app = await startLeaving('prompt');
    const client = await connect(app, path, false);
    const disconnected = once(events, 'disconnected');
    await sendAndLeave(client, {
      compressed: false,
      messages: first,
      segment: wholes,
      ending: 'FIN',
      authenticates: false,
    });
    await disconnected;
    expectHandled(first, user);
  });

  const endings: [string, (sessions: WsAuthSessions) => unknown][] = [
    ['is revoked', (sessions) => sessions.revoke({ userId: 'alice' })],
    ['is disconnected', (sessions) => sessions.disconnect({ userId: 'alice' })],
  ];

  it.each(
    endings.flatMap(([how, end]) =>
      [true, false].map((compressed) => [how, compressed, end] as const),
    ),
  )('K14c: are dropped once the session %s (compressed: %s)', async (_how, compressed, end) => {
    await using app = await startLeaving('prompt');
    ending = () => void end(app.nest.get(WsAuthSessions));
    const client = await connect(app, '/?t=alice', compressed);
    const disconnected = once(events, 'disconnected');
    await sendAndLeave(client, {
      compressed,
      messages: ['0', 'end it', '1', '2'],
      segment: wholes,
      ending: 'FIN',
      authenticates: false,
    });
    await disconnected;
    expectHandled(['0', 'end it'], 'alice');
  });
});
