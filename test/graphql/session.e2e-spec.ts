import { describe, expect, it } from 'vitest';
import { WsAuthSessions } from '../../lib/index.js';
import { sessionsOf, tokenFor } from '../support/connections.js';
import { hourMs } from '../support/clocks.js';
import { recordEvents } from '../support/events.js';
import { patient } from '../support/patience.js';
import { tokenOf } from '../support/tokens.js';
import { startGraphql, type GraphqlApp } from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

/** A subscription that has begun. */
async function subscribed(
  { app, news }: GraphqlApp,
  token: string | (() => string),
  retryAttempts = 0,
) {
  const client = new Subscriber(app, {
    connectionParams: () => ({ token: typeof token === 'string' ? token : token() }),
    retryAttempts,
    retryWait: () => Promise.resolve(),
  });
  const before = news.subscribers;
  const ended = client.subscribe();
  await expect.poll(() => news.subscribers).toBe(before + 1);
  return { client, ended };
}

const authenticate = (token: string) =>
  JSON.stringify({ type: 'ping', payload: { event: 'authenticate', data: { token } } });

describe('19: a subscription', () => {
  it('ends with its token: values before, 4403, and nothing after', async () => {
    await using graphql = await startGraphql();
    const { client, ended } = await subscribed(graphql, tokenFor('alice', patient(1_200)));
    await using _client = client;
    graphql.news.publish('before');
    await expect.poll(() => client.values).toEqual(['before']);
    expect(await ended).toMatchObject({ code: 4403, reason: 'token expired' });
    graphql.news.publish('after');
    expect(client.values).toEqual(['before']);
    await expect.poll(() => graphql.news.ended).toEqual(['alice']);
  });

  it('receives nothing that is published after the end, also while the event loop is blocked', async () => {
    await using graphql = await startGraphql();
    const { client, ended } = await subscribed(graphql, tokenFor('alice', patient(600)));
    await using _client = client;
    const [session] = sessionsOf(graphql.app).ofUser('alice');
    while (Date.now() <= session!.expiresAt!) {
      // Blocked past the end of the session.
    }
    graphql.news.publish('secret');
    expect(await ended).toMatchObject({ code: 4403, reason: 'token expired' });
    expect(client.values).toEqual([]);
  });

  it('goes on with a new token, which the official client asks for after 4403', async () => {
    await using graphql = await startGraphql();
    const tokens = [tokenFor('alice', patient(700)), tokenFor('alice', hourMs)];
    let asked = 0;
    const { client, ended } = await subscribed(graphql, () => tokens[asked++]!, 5);
    await using _client = client;
    graphql.news.publish('first');
    await expect.poll(() => client.acks.length).toBe(2);
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    graphql.news.publish('second');
    await expect.poll(() => client.values).toEqual(['first', 'second']);
    expect(client.closes).toMatchObject([{ code: 4403 }]);
    await client.client.dispose();
    await ended;
  });
});

describe('20: the session of a subscription', () => {
  it('is renewed by a ping, and values go on after the end of the first token', async () => {
    await using graphql = await startGraphql();
    const events = recordEvents(graphql.app);
    const first = tokenFor('alice', patient(900));
    const { client, ended } = await subscribed(graphql, first);
    await using _client = client;
    const [session] = sessionsOf(graphql.app).ofUser('alice');
    const { id, expiresAt } = session!;
    client.socket!.send(authenticate(tokenFor('alice', hourMs)));
    await expect
      .poll(() => client.pings)
      .toMatchObject([{ event: 'authenticated', data: { expiresAt: expect.any(Number) } }]);
    await expect.poll(() => Date.now() > expiresAt!).toBe(true);
    graphql.news.publish('later');
    await expect.poll(() => client.values).toEqual(['later']);
    expect(sessionsOf(graphql.app).get(id)).toMatchObject({ id, userId: 'alice' });
    expect(events.map(([name]) => name)).toContain('reauthenticated');
    await client.client.dispose();
    await ended;
  });

  it.each([
    ['revoke', { userId: 'alice' }, 4403, 'revoked'],
    ['disconnect', { userId: 'alice' }, 4401, 'disconnected'],
  ] as const)(
    'is ended by %s, and the source of its operation is returned',
    async (method, target, code, reason) => {
      await using graphql = await startGraphql();
      const { client, ended } = await subscribed(graphql, tokenOf('alice'));
      await using _client = client;
      await graphql.app.nest.get(WsAuthSessions)[method](target);
      expect(graphql.news.ended).toEqual(['alice']);
      graphql.news.publish('secret');
      expect(await ended).toMatchObject({ code, reason });
      expect(client.values).toEqual([]);
      expect(graphql.news.subscribers).toBe(0);
    },
  );

  it('answers pings of clients as the protocol demands', async () => {
    await using graphql = await startGraphql();
    const { client, ended } = await subscribed(graphql, tokenOf('alice'));
    await using _client = client;
    const pongs: string[] = [];
    client.socket!.on('message', (data: Buffer) => pongs.push(data.toString()));
    client.socket!.send(JSON.stringify({ type: 'ping', payload: { own: 1 } }));
    await expect.poll(() => pongs).toEqual([JSON.stringify({ type: 'pong', payload: { own: 1 } })]);
    client.socket!.send(authenticate(tokenOf('alice')));
    await expect.poll(() => pongs[1]).toBe('{"type":"pong"}');
    await client.client.dispose();
    await ended;
  });

  it('ends with 1001 when the application closes, so that the client comes back', async () => {
    const graphql = await startGraphql();
    const { client, ended } = await subscribed(graphql, tokenOf('alice'));
    await graphql[Symbol.asyncDispose]();
    expect(await ended).toMatchObject({ code: 1001 });
    await client[Symbol.asyncDispose]();
  });
});
