import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { WsAuthService } from '../../lib/module/ws-auth.service.js';
import { nestDoes } from '../support/nest-11.js';
import { tokenOf } from '../support/tokens.js';
import { startGraphql, type GraphqlApp } from './graphql-app.js';

/** Everything of an application that graphql-ws calls for a client. */
const hooks = [
  'onConnect',
  'onDisconnect',
  'onClose',
  'onSubscribe',
  'onOperation',
  'onError',
  'onNext',
  'onComplete',
  'onPing',
  'onPong',
  'context',
];

const token = 'x'.repeat(9_000);

/** What a client sends before it has a session. */
const early: readonly [string, object][] = [
  ['a ping', { type: 'ping', payload: { token } }],
  ['a pong', { type: 'pong', payload: { token } }],
  ['a subscription', { type: 'subscribe', id: '1', payload: { query: '{ hello }' } }],
  ['the end of one', { type: 'complete', id: '1' }],
  ['a forged token', { type: 'connection_init', payload: { token: 'forged' } }],
  ['what is no message', { type: 'unknown' }],
];

async function opened({ app }: GraphqlApp): Promise<WebSocket> {
  const socket = new WebSocket(app.url('/graphql'), 'graphql-transport-ws');
  await once(socket, 'open');
  return socket;
}

async function authenticated(graphql: GraphqlApp): Promise<WebSocket> {
  const socket = await opened(graphql);
  const payload = { token: tokenOf('alice') };
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  await once(socket, 'message');
  return socket;
}

describe('hooks of the application', () => {
  it.each(early)(
    'K12d: are not called for a client that sends %s first',
    async (_what, message) => {
      const called: string[] = [];
      const theirs = Object.fromEntries(hooks.map((name) => [name, () => void called.push(name)]));
      await using graphql = await startGraphql({ theirs });
      const socket = await opened(graphql);
      const closed = once(socket, 'close');
      socket.send(JSON.stringify(message));
      socket.close();
      await closed;
      await expect.poll(() => graphql.app.nest.get(WsAuthService).budget.total).toBe(0);
      expect(called).toEqual([]);
    },
  );

  it('see the pings and the end of a client with a session', async () => {
    const called: unknown[] = [];
    const theirs = {
      onPing: (_context: object, payload: unknown) => void called.push(payload),
      onClose: (context: { extra: { user: unknown } }) => void called.push(context.extra.user),
    };
    await using graphql = await startGraphql({ theirs });
    const socket = await authenticated(graphql);
    socket.send(JSON.stringify({ type: 'ping', payload: { n: 1 } }));
    socket.close();
    const pinged = nestDoes.passPingsOfGraphql ? [{ n: 1 }] : [];
    await expect.poll(() => called).toEqual([...pinged, { id: 'alice' }]);
  });

  it.each([
    ['before connection_init', false],
    ['of a client with a session', true],
  ])(
    'K6b: a ping %s that nests too deep to be echoed closes the connection',
    async (_when, isIn) => {
      await using graphql = await startGraphql();
      const socket = await (isIn ? authenticated(graphql) : opened(graphql));
      const ping = (levels: number) =>
        socket.send(`{"type":"ping","payload":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`);
      ping(63);
      const [pong] = (await once(socket, 'message')) as [Buffer];
      expect(String(pong)).toContain('"pong"');
      ping(64);
      if (nestDoes.passPingsOfGraphql) {
        const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
        expect([code, String(reason)]).toEqual([4400, 'invalid message']);
      } else {
        const [echo] = (await once(socket, 'message')) as [Buffer];
        expect(String(echo)).toContain('"pong"');
      }
    },
  );

  it.each([1_000, 3_500])(
    'K9: do not see the token of a renewal that nests %d levels deep, which ends the session',
    async (levels) => {
      const called: unknown[] = [];
      const theirs = { onPing: (_context: object, payload: unknown) => void called.push(payload) };
      await using graphql = await startGraphql({ theirs });
      const socket = await authenticated(graphql);
      const deep = '['.repeat(levels) + ']'.repeat(levels);
      socket.send(
        `{"payload":{"data":{"token":"bad","deep":${deep}},"event":"authenticate"},"type":"ping"}`,
      );
      const [code] = (await once(socket, 'close')) as [number];
      expect(code).toBe(4403);
      expect(called).toEqual([]);
    },
  );
});
