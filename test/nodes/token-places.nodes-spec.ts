import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WsAuthSessions, type RevocationTarget } from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import { RedisServer } from '../support/redis.js';
import { presentAt, tokenPlaces } from '../support/token-places.js';
import { tokenOf } from '../support/tokens.js';
import { eventually } from './eventually.js';
import { storeOn, type ClientOfStore } from './redis-clients.js';

const revoked = { code: 3000, reason: 'revoked' };
const refused = /^(refused 401|closed 3000 revoked)$/;
const secondsNow = () => Math.floor(Date.now() / 1_000);

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What a session is revoked by, and what its token states. */
const ways: readonly [string, object, (sessionId: string) => RevocationTarget][] = [
  ['user', { jti: 'one' }, () => ({ userId: 'alice' })],
  ['user, without a jti', {}, () => ({ userId: 'alice' })],
  ['jti', { jti: 'one' }, () => ({ tokenId: 'one' })],
  ['session', { jti: 'one' }, (sessionId) => ({ sessionId })],
  ['session, without a jti', {}, (sessionId) => ({ sessionId })],
  ['issue', { jti: 'one' }, () => ({ issuedBefore: Date.now() })],
  ['issue, without a jti', {}, () => ({ issuedBefore: Date.now() })],
];

const skews = [-5, 0, 5];

describe.each(tokenPlaces)('K4a: a token in $name, on two nodes', (place) => {
  let clients: readonly ClientOfStore[];
  let nodes: readonly TestApp[];

  beforeEach(async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const connect = () => storeOn('redis', server.url, { keyPrefix, commandTimeoutMs: 20_000 });
    clients = await Promise.all([connect(), connect()]);
    nodes = await Promise.all(
      clients.map(({ store }) =>
        startProtected({ strategy: 'placed', store, maxStalenessMs: 600_000, ...place.options }, [
          place.strategy,
        ]),
      ),
    );
  });

  afterEach(async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  });

  it.each(ways.flatMap((way) => skews.map((skew) => [way[0], skew, way] as const)))(
    'is revoked by %s, and refused on both, with a clock of the issuer that is %i s ahead',
    async (_by, skew, [, claims, targetFor]) => {
      const [here, there] = nodes as readonly [TestApp, TestApp];
      const token = tokenOf('alice', { ...claims, iat: secondsNow() + skew });
      const { client, fate } = await presentAt(there, place, token);
      expect(fate).toBe('open');
      const [session] = there.nest.get(WsAuthSessions);
      await here.nest.get(WsAuthSessions).revoke(targetFor(session!.id));
      expect(await client.closed()).toEqual(revoked);
      for (const node of nodes) {
        await eventually(
          async () => refused.test((await presentAt(node, place, token)).fate),
          'the token is refused',
        );
      }
      expect(
        (await presentAt(there, place, tokenOf('bob', { jti: 'two', iat: secondsNow() + 60 })))
          .fate,
      ).toBe('open');
    },
  );
});
