import { once } from 'node:events';
import type { Socket } from 'node:net';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { WsAuthSessions } from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { tokenOf } from '../support/tokens.js';
import { restoreClocks, useFakeTimers } from '../support/clocks.js';
import { enter, enterByMessage, serverSide } from '../support/connections.js';
import { settle } from '../support/turns.js';
import { sendTogether } from '../support/send-together.js';

restoreClocks();

const intervalMs = 1_000;
let pausesAt: unknown;
let handled: unknown[] = [];

/** A gateway that pauses its clients: when they connect, or at a message. */
@WebSocketGateway()
class PausingGateway {
  handleConnection(client: WebSocket): void {
    if (pausesAt === 'connection') {
      client.pause();
    }
    client.on('message', (message: Buffer) => {
      const { event, data } = JSON.parse(message.toString()) as { event: string; data: unknown };
      if (event === 'note' && data === pausesAt) {
        client.pause();
      }
    });
  }

  @SubscribeMessage('note')
  note(@ConnectedSocket() client: WebSocket, @MessageBody() data: unknown): void {
    handled.push(client.readyState === WebSocket.OPEN ? data : `late ${String(data)}`);
  }
}

function startPausing(pauses: unknown): Promise<TestApp> {
  pausesAt = pauses;
  handled = [];
  return startProtected({ heartbeatIntervalMs: intervalMs }, [PausingGateway]);
}

/** Lets that many heartbeats pass, each with time for answers. */
async function beats(count: number): Promise<void> {
  for (let beat = 0; beat < count; beat += 1) {
    vi.advanceTimersByTime(intervalMs);
    await settle();
    await settle();
  }
}

const ways: [string, (app: TestApp) => Promise<TestClient>][] = [
  ['by header', (app) => enter(app, tokenOf('alice'))],
  ['by first message', (app) => enterByMessage(app, tokenOf('alice'))],
];

async function serverSideOf(app: TestApp): Promise<WebSocket> {
  await vi.waitFor(() => expect(serverSide(app)).toHaveLength(1));
  return serverSide(app)[0]!;
}

describe.each(ways)('K6g: a client that came in %s', (_way, connect) => {
  it.each(['connection', 0])(
    'K6g: lives while the gateway pauses it for many heartbeats, from %j on',
    async (pauses) => {
      useFakeTimers();
      await using app = await startPausing(pauses);
      const client = await connect(app);
      client.emit('note', 0).emit('note', 1);
      const held = await serverSideOf(app);
      await vi.waitFor(() => expect(held.isPaused).toBe(true));
      await beats(10);
      client.emit('note', 2);
      expect(held.readyState).toBe(WebSocket.OPEN);
      held.resume();
      expect(await client.ask('echo', 1)).toBe(1);
      expect(handled).toEqual([0, 1, 2]);
      await beats(5);
      expect(await client.ask('echo', 2)).toBe(2);
    },
  );

  it('K6g: lives if it is paused before its answer to a ping is read', async () => {
    useFakeTimers();
    await using app = await startPausing(undefined);
    const client = await connect(app);
    const held = await serverSideOf(app);
    vi.advanceTimersByTime(intervalMs);
    held.pause();
    await beats(3);
    expect(held.readyState).toBe(WebSocket.OPEN);
    held.resume();
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('K6g: has time to answer the next ping after it is resumed', async () => {
    useFakeTimers();
    await using app = await startPausing(undefined);
    const client = await connect(app);
    const held = await serverSideOf(app);
    vi.advanceTimersByTime(intervalMs);
    held.pause();
    await settle();
    held.resume();
    vi.advanceTimersByTime(intervalMs);
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('K6g: is terminated if it does not answer after it is resumed', async () => {
    useFakeTimers();
    await using app = await startPausing(undefined);
    const client = await connect(app);
    const held = await serverSideOf(app);
    const { _socket: socket } = client.socket as unknown as { readonly _socket: Socket };
    socket.pause();
    held.pause();
    await beats(5);
    expect(held.readyState).toBe(WebSocket.OPEN);
    const closed = once(held, 'close');
    held.resume();
    await beats(3);
    expect(await closed).toEqual([1006, expect.anything()]);
  });
});

/** A client that authenticates by message and sends three notes in the same segment. */
async function knock(app: TestApp): Promise<TestClient> {
  const client = await app.connect().opened();
  const notes = [0, 1, 2].map((data) => ({ event: 'note', data }));
  const authenticate = { event: 'authenticate', data: { token: tokenOf('alice') } };
  sendTogether(client, authenticate, ...notes);
  await client.next();
  await settle();
  return client;
}

describe('messages that came before the session', () => {
  it.each<[unknown, unknown[]]>([
    ['connection', []],
    [0, [0]],
    [1, [0, 1]],
    [2, [0, 1, 2]],
  ])('K6g: wait for resume() if the gateway pauses at %j', async (pauses, before) => {
    await using app = await startPausing(pauses);
    const client = await knock(app);
    expect(handled).toEqual(before);
    const held = await serverSideOf(app);
    expect(held.isPaused).toBe(true);
    pausesAt = undefined;
    client.emit('note', 3);
    held.resume();
    expect(await client.ask('echo', 1)).toBe(1);
    expect(handled).toEqual([0, 1, 2, 3]);
  });

  it('K6g: are held back at each pause', async () => {
    await using app = await startPausing(0);
    await knock(app);
    const held = await serverSideOf(app);
    pausesAt = 1;
    held.resume();
    await settle();
    expect(handled).toEqual([0, 1]);
    held.resume();
    await settle();
    expect(handled).toEqual([0, 1, 2]);
  });

  it('K6g: come before the end of a client that leaves meanwhile', async () => {
    await using app = await startPausing('connection');
    await knock(app);
    const held = await serverSideOf(app);
    const order: string[] = [];
    held.on('message', () => order.push('message'));
    held.on('close', () => order.push('close'));
    held.terminate();
    await once(held, 'close');
    expect(order).toEqual(['message', 'message', 'message', 'close']);
  });

  it('K6g: are dropped if the session ends meanwhile', async () => {
    await using app = await startPausing('connection');
    const client = await knock(app);
    app.nest.get(WsAuthSessions).disconnect({ userId: 'alice' });
    expect(await client.closed()).toEqual({ code: 1008, reason: 'disconnected' });
    await settle();
    expect(handled).toEqual([]);
  });
});
