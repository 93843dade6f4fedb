import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WsAuthSessions } from '../../lib/index.js';
import { storeOn, packages, type RedisPackage } from '../nodes/redis-clients.js';
import { RedisServer } from '../support/redis.js';
import { tokenOf } from '../support/tokens.js';
import { startGraphql } from './graphql-app.js';
import { Subscriber } from './graphql-client.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** One node with a client of Redis, and a subscriber with a token. */
async function startNode(name: RedisPackage, token: string) {
  const client = await storeOn(name, server.url);
  const graphql = await startGraphql({ module: { store: client.store } });
  const subscriber = new Subscriber(graphql.app, { connectionParams: { token } });
  return {
    ...graphql,
    ended: subscriber.subscribe(),
    async [Symbol.asyncDispose]() {
      await subscriber[Symbol.asyncDispose]();
      await graphql[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
    },
  };
}

describe.each(packages)('20: subscriptions of two nodes, with %s', (name) => {
  it('end on both when their user is revoked on one, and the token opens none again', async () => {
    const userId = `alice of ${name}`;
    const token = tokenOf(userId);
    await using here = await startNode(name, token);
    await using there = await startNode(name, token);
    for (const { news } of [here, there]) {
      await expect.poll(() => news.subscribers).toBe(1);
    }
    await here.app.nest.get(WsAuthSessions).revoke({ userId });
    for (const { ended, news } of [here, there]) {
      expect(await ended).toMatchObject({ code: 4403, reason: 'revoked' });
      await expect.poll(() => news.ended).toEqual([userId]);
    }
    await using again = new Subscriber(there.app, { connectionParams: { token } });
    expect(await again.closed()).toMatchObject({ code: 4403 });
  });
});
