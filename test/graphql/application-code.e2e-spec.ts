import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:http';
import { GraphQLError, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { WsAuthModule } from '../../lib/index.js';
import { graphqlWs } from '../../lib/graphql-ws.js';
import { startApp } from '../support/app.js';
import { patient } from '../support/patience.js';
import { JwtStrategy } from '../support/strategies.js';
import { sessionsOf } from '../support/connections.js';
import { RawPeer } from '../support/raw-peer.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { settle } from '../support/turns.js';
import { startGraphql } from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

const connectionParams = { token: tokenOf('alice') };

describe('an onConnect of the application', () => {
  it.each<[string, () => unknown, number]>([
    ['never settles', () => new Promise(() => undefined), 1013],
    ['throws', () => fail(), 1013],
    ['rejects', () => Promise.reject(new Error('SECRET')), 1013],
    ['refuses', () => false, 4403],
    ['refuses later', () => Promise.resolve(false), 4403],
  ])('K6c: that %s leaves no session', async (_name, onConnect, code) => {
    await using graphql = await startGraphql({
      own: { authTimeoutMs: patient(400) },
      theirs: { onConnect },
    });
    await using client = new Subscriber(graphql.app, { connectionParams });
    expect(await client.closed()).toMatchObject({ code });
    expect(sessionsOf(graphql.app).count()).toBe(0);
  });
});

function fail(): never {
  throw new Error('SECRET');
}

describe('a hook of the application that runs when a client has left', () => {
  it.each(['onDisconnect', 'onClose'])(
    'K12d: harms no other client if %s rejects',
    async (name) => {
      let called = 0;
      const hook = () => {
        called += 1;
        fail();
      };
      await using graphql = await startGraphql({ theirs: { [name]: hook } });
      await using client = new Subscriber(graphql.app, { connectionParams });
      expect(await client.query('{ hello }')).toMatchObject({ data: { hello: 'hello' } });
      client.socket!.terminate();
      await expect.poll(() => called).toBe(1);
      await using other = new Subscriber(graphql.app, { connectionParams });
      expect(await other.query('{ hello }')).toMatchObject({ data: { hello: 'hello' } });
    },
  );
});

describe('a validate of the application', () => {
  it.each<[string, () => unknown]>([
    ['a promise of errors', () => Promise.resolve([new GraphQLError('too deep')])],
    ['a promise that rejects', () => Promise.reject(new Error('SECRET'))],
  ])('K12d: that returns %s lets no operation pass', async (_name, validate) => {
    await using graphql = await startGraphql({ theirs: { validate } });
    await using client = new Subscriber(graphql.app, { connectionParams });
    await expect(client.query('{ hello }')).rejects.toMatchObject({ code: 4500 });
    expect(sessionsOf(graphql.app).count()).toBe(0);
  });
});

describe('the source of a subscription', () => {
  it.each<[string, () => unknown]>([
    ['throws', fail],
    ['rejects', () => Promise.reject(new Error('SECRET'))],
    ['never settles', () => new Promise(() => undefined)],
    ['returns nothing', () => undefined],
  ])('K12d: whose return() %s harms no other client', async (_name, end) => {
    const emitter = new EventEmitter();
    const source = {
      next: () => new Promise(() => undefined),
      return: end,
      [Symbol.asyncIterator]: () => source,
    };
    await using graphql = await startGraphql({
      theirs: {
        subscribe: () => {
          emitter.emit('subscribed');
          return source;
        },
      },
    });
    const subscribed = new Promise((resolve) => emitter.once('subscribed', resolve));
    await using client = new Subscriber(graphql.app, { connectionParams });
    const ended = client.subscribe();
    await subscribed;
    await sessionsOf(graphql.app).revoke({ userId: 'alice' });
    await ended;
    await using other = new Subscriber(graphql.app, {
      connectionParams: { token: tokenOf('bob') },
    });
    expect(await other.query('{ hello }')).toMatchObject({ data: { hello: 'hello' } });
  });

  it('K9c: is returned, where the session has ended before it was there', async () => {
    const { onSubscribe, began, begin } = heldBack();
    const operations: unknown[] = [];
    const onOperation = () => void operations.push(1);
    await using graphql = await startGraphql({ theirs: { onSubscribe, onOperation } });
    await using client = new Subscriber(graphql.app, { connectionParams });
    void client.subscribe();
    await began;
    // The close frame stays unanswered: graphql-ws knows of no end.
    client.socket!.pause();
    await sessionsOf(graphql.app).revoke({ userId: 'alice' });
    begin();
    await expect.poll(() => operations.length).toBe(1);
    await settle();
    expect(graphql.news.ended).toEqual(['alice']);
    expect(graphql.news.subscribers).toBe(0);
  });

  it.each<[string, () => unknown]>([
    ['throws', fail],
    ['rejects', () => Promise.reject(new Error('SECRET'))],
  ])('K6c: ends where onOperation of the application %s', async (_what, onOperation) => {
    await using graphql = await startGraphql({ theirs: { onOperation } });
    await using client = new Subscriber(graphql.app, { connectionParams });
    expect(await client.closed()).toMatchObject({ code: 4500 });
    expect(graphql.news.ended).toEqual(['alice']);
    expect(graphql.news.subscribers).toBe(0);
  });

  it.each<[string, (client: WebSocket) => void]>([
    ['ends it', (client) => client.send(JSON.stringify({ type: 'complete', id: '1' }))],
    ['leaves', (client) => client.terminate()],
  ])(
    'K12d: whose return() rejects harms no other client, where the client %s before it was there',
    async (_what, leave) => {
      const { onSubscribe, began, begin } = heldBack();
      let isReturned = false;
      const source = {
        next: () => new Promise(() => undefined),
        return: () => {
          isReturned = true;
          return Promise.reject(new Error('SECRET'));
        },
        [Symbol.asyncIterator]: () => source,
      };
      const onOperation = () => source;
      await using graphql = await startGraphql({ theirs: { onSubscribe, onOperation } });
      const socket = new WebSocket(graphql.app.url('/graphql'), 'graphql-transport-ws');
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init', payload: connectionParams }));
      await once(socket, 'message');
      const payload = { query: 'subscription { latest }' };
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload }));
      await began;
      leave(socket);
      if (socket.readyState === socket.OPEN) {
        socket.send(JSON.stringify({ type: 'ping' }));
        await once(socket, 'message');
      } else {
        await expect.poll(() => sessionsOf(graphql.app).count()).toBe(0);
      }
      begin();
      await expect.poll(() => isReturned).toBe(true);
      await settle();
      socket.terminate();
    },
  );
});

/** An operation that waits before it begins. */
function heldBack() {
  let begin!: () => void;
  const mayBegin = new Promise<void>((resolve) => (begin = resolve));
  let isCalled!: () => void;
  const began = new Promise<void>((resolve) => (isCalled = resolve));
  const onSubscribe = () => {
    isCalled();
    return mayBegin;
  };
  return { onSubscribe, began, begin };
}

const head =
  'GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n';

describe('a client that has yet to send connection_init', () => {
  it('K6d: is disconnected if it does not answer the close frame of its refusal', async () => {
    await using graphql = await startGraphql();
    await using peer = new RawPeer(graphql.app.port).write(`${head}\r\n`);
    await peer.opened();
    peer.send('{"type":"connection_init","payload":{"token":"bad"}}');
    await peer.closed({ answer: false });
    await peer.disconnected();
  });

  it('K6a: sends nothing compressed, which would inflate beyond its bounds', async () => {
    const subscriptions = graphqlWs();
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString } } }),
    });
    await using app = await startApp(
      {
        imports: [WsAuthModule.forRoot({ strategy: 'jwt', platforms: [subscriptions] })],
        providers: [JwtStrategy],
      },
      (nest) => {
        const server: Server = nest.getHttpServer();
        const sockets = new WebSocketServer({ server, path: '/graphql', perMessageDeflate: true });
        useServer({ schema, ...subscriptions.options() }, sockets);
      },
    );
    const open = async (options: object) => {
      const socket = new WebSocket(app.url('/graphql'), 'graphql-transport-ws', options);
      await new Promise((resolve) => socket.once('open', resolve));
      const { extensions } = socket;
      socket.terminate();
      return extensions;
    };
    expect(await open({})).toBe('');
    expect(await open(bearer())).toContain('permessage-deflate');
  });
});
