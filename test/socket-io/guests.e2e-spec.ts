import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { MemoryWsAuthStore, WsPublic, type WsAuthModuleOptions } from '../../lib/index.js';
import type { RevocationQuestion } from '../../lib/store/ws-auth-store.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { patient } from '../support/patience.js';
import { tokenOf } from '../support/tokens.js';
import { startIo, type IoApp } from './support/io-app.js';
import { ChatGateway, IoEcho } from './support/io-gateways.js';
import { RawWebSocket } from './support/raw-io.js';
import { until } from './support/until.js';

@WsPublic()
@WebSocketGateway({ namespace: 'news' })
class PublicGateway extends IoEcho {
  override handleConnection(): void {}
}

/** A client in a public namespace, by its header or without a credential. */
async function guestOf(app: IoApp, token?: string): Promise<RawWebSocket> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const client = await new RawWebSocket(app.url, '', headers).opened();
  client.send('40/news,');
  await client.next('40/news');
  return client;
}

function connectPacket(token?: string): string {
  return `40/chat,${token === undefined ? '' : JSON.stringify({ token })}`;
}

/** Resolves when a guest that leaves now has reached the deadline that it had for another namespace. */
async function deadlinePasses(app: IoApp): Promise<void> {
  const other = await guestOf(app);
  other.send('41/news,');
  await other.closed;
}

async function isServed(client: RawWebSocket): Promise<boolean> {
  client.send('42/chat,7["echo","still here"]');
  return (await client.next('43/chat,7')) === '43/chat,7["still here"]';
}

describe('a session of a client that has left a public namespace', () => {
  it('K14a: lives on, where the client left before it asked', async () => {
    await using app = await startIo({ authTimeoutMs: patient(300) }, [PublicGateway, ChatGateway]);
    using client = await guestOf(app);
    client.send('41/news,', connectPacket(tokenOf('alice')));
    await client.next('40/chat');
    await deadlinePasses(app);
    expect(await isServed(client)).toBe(true);
  });

  it('K14a: lives on, where the client left while it was judged', async () => {
    const strategy = new DeferredStrategy();
    const options = { strategy: 'deferred', authTimeoutMs: patient(1_000) };
    await using app = await startIo(options, [PublicGateway, ChatGateway, strategy.provider]);
    using client = await guestOf(app);
    client.send(connectPacket('any'), '41/news,');
    await strategy.asked();
    strategy.decide({ id: 'alice' });
    await client.next('40/chat');
    await deadlinePasses(app);
    expect(await isServed(client)).toBe(true);
  });
});

/** A store that another node has written to, or that is lost. */
class ChangingStore extends MemoryWsAuthStore {
  answers: () => boolean = () => false;

  override isRevoked(_question: RevocationQuestion): Promise<boolean> {
    return Promise.resolve().then(() => this.answers());
  }
}

const oneOnAllNodes = { maxSessionsPerUser: 1, sessionLimitScope: 'cluster' } as const;

function startShared(store: MemoryWsAuthStore, options: WsAuthModuleOptions = {}): Promise<IoApp> {
  return startIo({ store, ...options }, [PublicGateway, ChatGateway]);
}

/** How a guest that was accepted at its handshake asks for a session. */
const ways = [
  ['by its header', undefined],
  ['by a token of its own', tokenOf('alice')],
] as const;

describe.each(ways)('a guest whose handshake was accepted, %s', (_way, token) => {
  it('K6c: takes no place of its user until it asks for a session', async () => {
    await using app = await startShared(new MemoryWsAuthStore(), oneOnAllNodes);
    using guest = await guestOf(app, tokenOf('alice'));
    using other = await new RawWebSocket(app.url).opened();
    other.send(connectPacket(tokenOf('alice')));
    await other.next('40/chat');
    guest.send(connectPacket(token));
    expect(await guest.next('44/chat')).toContain('ERR_WS_AUTH_TOO_MANY_SESSIONS');
    other.send('41/chat,');
    other[Symbol.dispose]();
    await until(() => app.sessions.count() === 0);
    guest.send(connectPacket(token));
    await guest.next('40/chat');
    expect(await isServed(guest)).toBe(true);
  });

  it.each([
    ['revoked on another node', () => true, 'ERR_WS_AUTH_REVOKED'],
    [
      'unknown, since the store is lost',
      () => {
        throw new Error('lost');
      },
      'ERR_WS_AUTH_UNAVAILABLE',
    ],
  ])('K9b: is refused where its credential is %s', async (_why, answers, code) => {
    const store = new ChangingStore();
    await using app = await startShared(store);
    using guest = await guestOf(app, tokenOf('alice'));
    store.answers = answers;
    guest.send(connectPacket(token));
    expect(await guest.next('44/chat')).toContain(code);
    store.answers = () => false;
    guest.send(connectPacket(token));
    await guest.next('40/chat');
    expect(await isServed(guest)).toBe(true);
  });
});
