import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import zlib from 'node:zlib';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket, WebSocketServer as Server } from 'ws';
import { fromAuthorizationHeader, fromFirstMessage, WsPublic } from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import { restoreClocks, useFakeTimers } from '../support/clocks.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { EchoGateway } from '../support/gateways.js';
import { sendTogether } from '../support/send-together.js';
import { bearerOf, customStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';

/** A gateway beside the echo that sends to everybody. */
@WebSocketGateway()
class BroadcastGateway {
  @WebSocketServer() readonly server!: Server;

  @SubscribeMessage('shout')
  shout(_client: WebSocket, text: string): void {
    for (const client of this.server.clients) {
      client.send(JSON.stringify({ event: 'shouted', data: text }));
    }
  }
}

/** A predicate of origins that answers in another turn of the event loop. */
const yesLater = () => new Promise<boolean>((resolve) => setImmediate(resolve, true));

const token = () => ({ token: tokenOf('alice') });

function seenBy(app: TestApp) {
  const { connected, unauthenticated } = app.nest.get(EchoGateway);
  return { connected: connected.length, unauthenticated: unauthenticated.length };
}

const nobody = { connected: 0, unauthenticated: 0 };

restoreClocks();
afterEach(() => {
  vi.restoreAllMocks();
});

describe('before authentication', () => {
  it('nothing reaches a handler, handleConnection or a broadcast', async () => {
    await using app = await startProtected({}, [BroadcastGateway]);
    const waiting = await app.connect().opened();
    await waiting.barrier();
    const alice = await app.connect().opened();
    alice.emit('authenticate', token());
    await alice.next();
    alice.emit('shout', 'hello');
    expect(await alice.nextEvent()).toEqual({ event: 'shouted', data: 'hello' });
    await waiting.barrier();
    expect(waiting.unread).toEqual([]);
    expect(seenBy(app)).toEqual({ connected: 1, unauthenticated: 0 });
    expect(app.nest.get(BroadcastGateway).server.clients.size).toBe(1);
  });

  it('nothing reaches them while the strategy thinks, either', async () => {
    const gatekeeper = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred' }, [
      BroadcastGateway,
      gatekeeper.provider,
    ]);
    const client = await app.connect().opened();
    client.emit('authenticate', token()).emit('echo', 1).emit('shout', 'hello');
    await gatekeeper.asked();
    expect(app.nest.get(BroadcastGateway).server.clients.size).toBe(0);
    expect(seenBy(app)).toEqual(nobody);
    gatekeeper.decide({ id: 'alice' });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    const frames = [await client.nextEvent(), await client.nextEvent()];
    expect(frames).toContainEqual({ event: 'echo', data: 1 });
    expect(frames).toContainEqual({ event: 'shouted', data: 'hello' });
    expect(seenBy(app)).toEqual({ connected: 1, unauthenticated: 0 });
  });
});

describe('what the client sends meanwhile', () => {
  it('is kept in order and answered after the acknowledgement', async () => {
    const gatekeeper = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred' }, [gatekeeper.provider]);
    const client = await app.connect().opened();
    client.emit('authenticate', token());
    for (let index = 0; index < 20; index += 1) {
      client.emit('echo', index);
    }
    await gatekeeper.asked();
    client.emit('echo', 20);
    gatekeeper.decide({ id: 'alice' });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    for (let index = 0; index <= 20; index += 1) {
      expect(await client.nextEvent()).toEqual({ event: 'echo', data: index });
    }
  });

  it.each([
    ['messages', { maxQueuedMessages: 2 }, 1],
    ['bytes', { maxQueuedBytes: 100 }, 60],
  ])('closes with 1008 when it is too many %s', async (_what, options, size) => {
    const gatekeeper = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred', ...options }, [
      gatekeeper.provider,
    ]);
    const client = await app.connect().opened();
    const echo = { event: 'echo', data: 'x'.repeat(size) };
    sendTogether(client, { event: 'authenticate', data: token() }, echo, echo, echo);
    expect(await client.closed()).toEqual({
      code: 1008,
      reason: 'too many messages before authentication',
    });
    gatekeeper.decide({ id: 'alice' });
    expect(seenBy(app)).toEqual(nobody);
  });

  it('has the limits of the gateway again once there is a session', async () => {
    await using app = await startProtected({ maxCredentialBytes: 512, maxQueuedBytes: 512 });
    const client = await app.connect().opened();
    client.emit('authenticate', token());
    await client.next();
    const large = 'x'.repeat(200_000);
    expect(await client.ask('echo', large)).toBe(large);
  });
});

/** How many listeners the sockets of the server have for its events, once their clients have sessions. */
async function listenersAfter(app: TestApp, enter: () => Promise<unknown>): Promise<number[]> {
  const accepted = once(app.nest.getHttpServer() as HttpServer, 'connection');
  await enter();
  const [socket] = (await accepted) as [Socket];
  return ['close', 'end', 'error'].map((event) => socket.listenerCount(event));
}

describe('the first message', () => {
  it('leaves nothing on the socket that would keep the request, and its credentials, alive', async () => {
    @WsPublic()
    @WebSocketGateway({ path: '/public' })
    class OpenGateway {}
    await using app = await startProtected({}, [OpenGateway]);
    const without = await listenersAfter(app, () => app.connect('/public').opened());
    const byMessage = await listenersAfter(app, async () => {
      const client = await app.connect().opened();
      await client.emit('authenticate', token()).nextEvent();
    });
    const more = byMessage.filter((count, index) => count > without[index]!);
    expect(more).toEqual([]);
  });

  it('is acknowledged with the end of the session, before anything else', async () => {
    await using app = await startProtected();
    const client = await app.connect().opened();
    const exp = Math.floor(Date.now() / 1_000) + 30;
    client.emit('authenticate', { token: tokenOf('alice', { exp }) }).emit('whoami');
    expect(await client.nextEvent()).toEqual({
      event: 'authenticated',
      data: { expiresAt: exp * 1_000 },
    });
    expect(await client.nextEvent()).toMatchObject({ event: 'whoami' });
  });

  it('is not inflated beyond its limit when it is compressed', async () => {
    let inflated = 0;
    const { createInflateRaw } = zlib;
    vi.spyOn(zlib, 'createInflateRaw').mockImplementation((options) => {
      return createInflateRaw(options).on('data', (chunk: Buffer) => (inflated += chunk.length));
    });
    @WebSocketGateway({ path: '/compressed', perMessageDeflate: true })
    class CompressedGateway extends EchoGateway {}
    await using app = await startProtected({}, [CompressedGateway]);
    const client = await app.connect('/compressed').opened();
    expect(client.socket.extensions).toContain('permessage-deflate');
    client.emit('authenticate', { token: 'x'.repeat(4_000_000) });
    expect((await client.closed()).code).toBe(1009);
    expect(inflated).toBeGreaterThan(0);
    expect(inflated).toBeLessThan(100_000);
  });

  it('may hold a token of the full size that a header may', async () => {
    const size = 8_192;
    await using app = await startProtected({ strategy: 'any' }, [
      customStrategy('any', (request) => ({ id: String(bearerOf(request)?.length) })),
    ]);
    const largest = 'x'.repeat(size);
    const headers = { authorization: `Bearer ${'x'.repeat(size - 'Bearer '.length)}` };
    await app.connect('/', { headers }).opened();
    const client = await app.connect().opened();
    client.emit('authenticate', { token: largest });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.ask('whoami')).toMatchObject({ user: String(size) });
  });

  it('is read once: handlers see a second one as any other event, not as a login', async () => {
    await using app = await startProtected();
    const client = await app.connect().opened();
    client.emit('authenticate', token());
    await client.next();
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: 'fromFirstMessage' });
  });
});

describe('the deadline', () => {
  it('closes a client with 3008, and is not moved by pings and incomplete messages', async () => {
    useFakeTimers();
    await using app = await startProtected({ authTimeoutMs: 3_000 });
    const client = await app.connect().opened();
    client.socket.send('{"event":"auth', { fin: false });
    vi.advanceTimersByTime(2_999);
    await client.barrier();
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    vi.advanceTimersByTime(1);
    expect(await client.closed()).toEqual({ code: 3008, reason: 'authentication timed out' });
    expect(seenBy(app)).toEqual(nobody);
  });

  it('closes with 1013 while a strategy never settles', async () => {
    const gatekeeper = new DeferredStrategy();
    useFakeTimers();
    await using app = await startProtected({ strategy: 'deferred' }, [gatekeeper.provider]);
    const client = await app.connect().opened();
    client.emit('authenticate', token()).emit('echo', 1);
    await gatekeeper.asked();
    vi.advanceTimersByTime(5_000);
    expect(await client.closed()).toEqual({ code: 1013, reason: 'authentication unavailable' });
    gatekeeper.decide({ id: 'alice' });
    expect(seenBy(app)).toEqual(nobody);
  });

  it('is over once there is a session', async () => {
    useFakeTimers();
    await using app = await startProtected({ strategy: 'any' }, [
      customStrategy('any', () => ({ id: 'alice' })),
    ]);
    const client = await app.connect().opened();
    client.emit('authenticate', { token: 'opaque' });
    await client.next();
    vi.advanceTimersByTime(20_000);
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });
});

describe('the slot', () => {
  it('K6d: is given back once by a client whose origin is judged later', async () => {
    await using app = await startProtected({ allowedOrigins: yesLater, maxPendingPerAddress: 1 });
    for (let client = 1; client <= 3; client += 1) {
      const alice = await app.connect().opened();
      alice.emit('authenticate', token());
      expect(await alice.nextEvent()).toMatchObject({ event: 'authenticated' });
    }
  });
});

describe('options', () => {
  it('format raw: the whole text is the token and nothing is acknowledged', async () => {
    await using app = await startProtected({
      credentials: [fromAuthorizationHeader(), fromFirstMessage({ format: 'raw' })],
    });
    const client = await app.connect().opened();
    client.sendRaw(tokenOf('alice')).emit('whoami');
    expect(await client.nextEvent()).toEqual({
      event: 'whoami',
      data: { user: 'alice', via: 'fromFirstMessage' },
    });
    const wrong = await app.connect().opened();
    wrong.emit('authenticate', token());
    expect(await wrong.closed()).toEqual({ code: 3000, reason: 'malformed credential' });
    const empty = await app.connect().opened();
    empty.sendRaw('');
    expect((await empty.closed()).code).toBe(3000);
  });

  it('closeCodes: the codes of the experiment', async () => {
    useFakeTimers();
    await using app = await startProtected({ closeCodes: { unauthorized: 1011, timeout: 4008 } });
    const bad = await app.connect().opened();
    bad.emit('authenticate', { token: 'bad' });
    expect(await bad.closed()).toEqual({ code: 1011, reason: 'credential rejected' });
    const silent = await app.connect().opened();
    vi.advanceTimersByTime(5_000);
    expect((await silent.closed()).code).toBe(4008);
  });

  it('events: names of its own', async () => {
    await using app = await startProtected({
      events: { authenticate: 'login', authenticated: 'welcome' },
    });
    const client = await app.connect().opened();
    client.emit('login', token());
    expect(await client.nextEvent()).toMatchObject({ event: 'welcome' });
    const other = await app.connect().opened();
    other.emit('authenticate', token());
    expect(await other.closed()).toEqual({ code: 3000, reason: 'credential required' });
  });

  it.each([
    ['auth/login', String.raw`auth\/login`],
    ['anmelden-für', String.raw`anmelden-f\u00fcr`],
    ['authenticate', String.raw`\u0061uthenticate`],
  ])(
    'events: %s is the same event however an encoder writes it',
    async (name, written) => {
      await using app = await startProtected({ events: { authenticate: name } });
      const client = await app.connect().opened();
      for (const round of ['first', 'again']) {
        client.sendRaw(`{"event":"${written}","data":{"token":"${tokenOf('alice')}"}}`);
        client.emit('echo', round);
        const frames = [await client.nextEvent(), await client.nextEvent()];
        expect(frames.map(({ event }) => event)).toContain('authenticated');
      }
    },
    5_000,
  );
});
