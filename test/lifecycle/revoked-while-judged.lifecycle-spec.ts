import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader, fromFirstMessage, type WsAuthStore } from '../../lib/index.js';
import { MemoryWsAuthStore } from '../../lib/store/memory.store.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { fateOf, sessionsOf } from '../support/connections.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { settle } from '../support/turns.js';

/** A token that its issuer dates a minute ahead. */
const ahead = () => tokenOf('alice', { iat: Math.floor(Date.now() / 1_000) + 60 });

/** How a client presents a token, and then waits for the strategy. Those that leave are gone when the user is revoked. */
const ways: readonly [
  string,
  (app: TestApp, token: string, strategy: DeferredStrategy) => Promise<unknown>,
][] = [
  [
    'an upgrade whose client leaves',
    async (app, token, strategy) => {
      const client = app.connect('/', bearer(token));
      await strategy.asked();
      await leave(client);
    },
  ],
  [
    'a first message whose client leaves',
    async (app, token, strategy) => {
      const client = await app.connect().opened();
      client.emit('authenticate', { token });
      await strategy.asked();
      await leave(client);
    },
  ],
  [
    'a renewal',
    async (app, token, strategy) => {
      const client = app.connect('/', bearer());
      await strategy.asked();
      strategy.decide({ id: 'alice' });
      await client.opened();
      client.emit('authenticate', { token });
      await strategy.asked();
    },
  ],
];

async function leave(client: TestClient): Promise<void> {
  client.socket.on('error', () => undefined);
  client.socket.terminate();
  await settle();
}

const stores: readonly [string, () => WsAuthStore | undefined][] = [
  ['one node', () => undefined],
  ['a store', () => new MemoryWsAuthStore()],
];

describe.each(stores)('K4a: with %s, a token of the future', (_where, makeStore) => {
  it.each(ways)(
    'is refused after its user was revoked while it was judged: %s',
    async (_way, present) => {
      const strategy = new DeferredStrategy();
      const credentials = [fromAuthorizationHeader(), fromFirstMessage()];
      const store = makeStore();
      const options = { strategy: 'deferred', credentials, ...(store && { store }) };
      await using app = await startProtected(options, [strategy.provider]);
      const token = ahead();
      await present(app, token, strategy);
      await sessionsOf(app).revoke({ userId: 'alice' });
      strategy.decide({ id: 'alice' });
      await settle();
      const again = app.connect('/', bearer(token));
      await strategy.asked();
      strategy.decide({ id: 'alice' });
      expect(await fateOf(again)).toBe('refused 401');
    },
  );
});
