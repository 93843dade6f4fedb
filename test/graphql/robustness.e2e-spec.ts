import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { MemoryWsAuthStore } from '../../lib/index.js';
import { sessionsOf } from '../support/connections.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { RawPeer } from '../support/raw-peer.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { startGraphql } from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

const head =
  'GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n';

const initialise = JSON.stringify({ type: 'connection_init', payload: { token: 'any' } });

describe('clients that leave', () => {
  it.each([
    ['while the upgrade is judged', `${head}Authorization: Bearer any\r\n\r\n`, false],
    ['while connection_init is judged', `${head}\r\n`, true],
  ])('by a reset %s hold nothing', async (_when, request, sendsInit) => {
    const strategy = new DeferredStrategy();
    await using graphql = await startGraphql({
      own: { strategy: 'deferred' },
      module: { maxPendingPerAddress: 40 },
      providers: [strategy.provider],
    });
    const peers = Array.from({ length: 40 }, () => new RawPeer(graphql.app.port).write(request));
    if (sendsInit) {
      await Promise.all(peers.map((peer) => peer.opened()));
      peers.forEach((peer) => peer.send(initialise));
    }
    await strategy.asked(40);
    peers.forEach((peer) => peer.reset());
    peers.forEach(() => strategy.decide({ id: 'alice' }));
    const client = graphql.app.connect('/graphql', {
      ...bearer('more'),
      protocols: ['graphql-transport-ws'],
    });
    await strategy.asked(1);
    strategy.decide({ id: 'bob' });
    await client.opened();
    await expect.poll(() => sessionsOf(graphql.app).ofUser('alice')).toEqual([]);
  });
});

it('a client that does not answer the close frame is terminated, and its operations end before', async () => {
  await using graphql = await startGraphql();
  await using client = new Subscriber(graphql.app, {
    connectionParams: { token: tokenOf('alice') },
  });
  void client.subscribe();
  await expect.poll(() => graphql.news.subscribers).toBe(1);
  client.socket!.pause();
  await sessionsOf(graphql.app).revoke({ userId: 'alice' });
  expect([graphql.news.ended, graphql.news.subscribers]).toEqual([['alice'], 0]);
  client.socket!.resume();
});

const hideOperations = (context: object) => void Reflect.deleteProperty(context, 'subscriptions');

it('K12a: a session ends where another version of graphql-ws keeps its operations elsewhere', async () => {
  await using graphql = await startGraphql({ theirs: { onConnect: hideOperations } });
  await using client = new Subscriber(graphql.app, {
    connectionParams: { token: tokenOf('alice') },
    lazy: false,
  });
  await expect.poll(() => client.acks.length).toBe(1);
  await sessionsOf(graphql.app).revoke({ userId: 'alice' });
  await expect.poll(() => client.closes).toEqual([{ code: 4403, reason: 'revoked' }]);
});

it('an exception of a resolver is not read by clients in the close frame', async () => {
  await using graphql = await startGraphql({
    theirs: {
      onSubscribe: () => {
        throw new Error('secret text');
      },
    },
  });
  await using client = new Subscriber(graphql.app, {
    connectionParams: { token: tokenOf('alice') },
  });
  expect(await client.closed()).toMatchObject({ code: 4500, reason: 'internal server error' });
});

it('a session is revoked on another node of the same store', async () => {
  const store = new MemoryWsAuthStore();
  await using one = await startGraphql({ module: { store } });
  await using other = await startGraphql({ module: { store } });
  const token = tokenOf('alice');
  await using client = new Subscriber(one.app, { connectionParams: { token } });
  const ended = client.subscribe();
  await expect.poll(() => one.news.subscribers).toBe(1);
  await sessionsOf(other.app).revoke({ userId: 'alice' });
  expect(await ended).toMatchObject({ code: 4403, reason: 'revoked' });
  await using again = new Subscriber(other.app, { connectionParams: { token } });
  expect(await again.closed()).toMatchObject({ code: 4403, reason: 'revoked' });
});

it('a client of another subprotocol reaches no operation', async () => {
  await using graphql = await startGraphql();
  const socket = new WebSocket(graphql.app.url('/graphql'), 'graphql-ws', bearer());
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  expect(graphql.news.users).toEqual([]);
  await expect.poll(() => sessionsOf(graphql.app).count()).toBe(0);
});

it('a client that reads too slowly is terminated', async () => {
  await using graphql = await startGraphql({ own: { maxBufferedBytes: 1 } });
  await using client = new Subscriber(graphql.app, {
    connectionParams: { token: tokenOf('alice') },
  });
  // graphql-ws waits for each value of an operation to be sent, so that several operations are needed.
  const ended = [client.subscribe(), client.subscribe(), client.subscribe()];
  await expect.poll(() => graphql.news.subscribers).toBe(3);
  client.socket!.pause();
  graphql.news.publish('x'.repeat(20_000_000));
  await expect.poll(() => sessionsOf(graphql.app).count()).toBe(0);
  client.socket!.resume();
  await Promise.all(ended);
});

it('counts what small messages take beside their payload', async () => {
  await using graphql = await startGraphql({ own: { maxBufferedBytes: 65_536 } });
  await using client = new Subscriber(graphql.app, {
    connectionParams: { token: tokenOf('alice') },
  });
  const ended = client.subscribe();
  await expect.poll(() => graphql.news.contexts.length).toBe(1);
  const [context] = graphql.news.contexts as { req: { extra: { socket: WebSocket } } }[];
  const { socket } = context!.req.extra;
  client.socket!.pause();
  while (socket.bufferedAmount === 0) {
    socket.send('x'.repeat(10_000));
  }
  let sent = 0;
  while (socket.readyState === WebSocket.OPEN && sent < 10_000) {
    socket.send('');
    sent += 1;
  }
  expect(sent).toBeLessThan(65_536 / 64);
  client.socket!.resume();
  await ended;
});

it('so is one that sends pings and does not read the pongs', async () => {
  await using graphql = await startGraphql({ own: { maxBufferedBytes: 1 } });
  await using client = new Subscriber(graphql.app, {
    connectionParams: { token: tokenOf('alice') },
  });
  const ended = client.subscribe();
  await expect.poll(() => graphql.news.subscribers).toBe(1);
  const socket = client.socket!;
  socket.pause();
  const ping = 'x'.repeat(125);
  await expect
    .poll(() => {
      for (let each = 0; each < 5_000 && socket.readyState === WebSocket.OPEN; each += 1) {
        socket.ping(ping);
      }
      return sessionsOf(graphql.app).count();
    })
    .toBe(0);
  socket.resume();
  await ended;
});
