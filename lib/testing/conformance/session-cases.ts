import assert from 'node:assert/strict';
import { MemoryWsAuthStore } from '../../store/memory.store.js';
import type { CaseOf } from './conformance-case.js';
import type { TransportStage } from './transport-stage.js';
import { withClockAhead } from './clock.js';

const hourMs = 3_600_000;

/** What a transport does with the session of a connection, until it ends. */
export const sessionCases: readonly CaseOf<TransportStage>[] = [
  {
    id: 'session',
    name: 'shows application code the user and the session of the connection',
    async check(stage) {
      const node = await stage.start();
      const { session } = await node.enter(stage.strategy.issue('alice'));
      const [handled] = node.gateway.texts;
      assert.equal(handled?.user?.id, 'alice');
      assert.equal(handled.session?.id, session.id);
      assert.equal(session.strategy, stage.strategy.name);
    },
  },
  {
    id: 'expiry-inbound',
    name: 'handles no text after the end of the token, also before its timer has run',
    async check(stage) {
      const node = await stage.start();
      const { client } = await node.enter(stage.strategy.issue('alice', hourMs));
      const reason = await withClockAhead(2 * hourMs, () => {
        client.send('late');
        return node.reasonOf(client);
      });
      assert.equal(reason, 'token expired');
      assert.deepEqual(node.handled, ['entered']);
    },
  },
  {
    id: 'expiry-outbound',
    name: 'sends no text after the end of the token, also before its timer has run',
    async check(stage) {
      const node = await stage.start();
      const { client } = await node.enter(stage.strategy.issue('alice', hourMs));
      const reason = await withClockAhead(2 * hourMs, () => {
        node.broadcast('late');
        return node.reasonOf(client);
      });
      assert.equal(reason, 'token expired');
      assert.deepEqual(client.received, ['echo entered']);
    },
  },
  {
    id: 'expiry-timer',
    name: 'ends an idle connection when its token ends',
    async check(stage) {
      const node = await stage.start();
      const { client, session } = await node.enter(stage.strategy.issue('alice'));
      node.sessions.refresh(session.id, { id: 'alice', exp: (Date.now() + 50) / 1_000 });
      assert.equal(await node.reasonOf(client), 'token expired');
      assert.equal(node.sessions.count(), 0);
    },
  },
  {
    id: 'warning',
    name: 'sends expiring before the end, with the end',
    async check(stage) {
      const node = await stage.start({ expiryWarningMs: 60_000 });
      const { client, session } = await node.enter(stage.strategy.issue('alice'));
      const expiresAt = Date.now() + 60_050;
      node.sessions.refresh(session.id, { id: 'alice', exp: expiresAt / 1_000 });
      const warning = () => client.notices.find(({ notice }) => notice === 'expiring');
      await stage.waiting.until('the warning', () => warning() !== undefined);
      assert.equal(Math.round(warning()?.expiresAt ?? 0), Math.round(expiresAt));
    },
  },
  {
    id: 'renewal',
    name: 'renews the session on the open connection: same id, new end, and the client learns it',
    async check(stage) {
      const node = await stage.start();
      const { client, session } = await node.enter(stage.strategy.issue('alice', hourMs));
      const before = client.notices.length;
      client.authenticate(stage.strategy.issue('alice', 2 * hourMs));
      await stage.waiting.until('the answer', () => client.notices.length > before);
      const renewed = node.sessions.get(session.id);
      assert.ok(renewed && (renewed.expiresAt ?? 0) > (session.expiresAt ?? 0));
      assert.deepEqual(client.notices.at(-1), {
        notice: 'authenticated',
        expiresAt: renewed.expiresAt,
      });
      client.send('renewed');
      await stage.waiting.until('an answer', () => client.received.includes('echo renewed'));
      assert.equal(node.gateway.texts.at(-1)?.session?.expiresAt, renewed.expiresAt);
      assert.deepEqual(node.handled, ['entered', 'renewed']);
    },
  },
  {
    id: 'renewal-other-user',
    name: 'ends a connection that authenticates again as another user',
    async check(stage) {
      const node = await stage.start();
      const { client } = await node.enter(stage.strategy.issue('alice'));
      client.authenticate(stage.strategy.issue('bob'));
      assert.equal(await node.reasonOf(client), 'other user');
      assert.equal(node.sessions.count(), 0);
    },
  },
  {
    id: 'renewal-forged',
    name: 'ends a connection that authenticates again with a forged token',
    async check(stage) {
      const node = await stage.start();
      const { client } = await node.enter(stage.strategy.issue('alice'));
      client.authenticate('forged-token');
      assert.equal(await node.reasonOf(client), 'credential rejected');
      assert.equal(node.sessions.count(), 0);
    },
  },
];

/** How a transport ends sessions. */
export const endingCases: readonly CaseOf<TransportStage>[] = [
  {
    id: 'end-outbound',
    name: 'sends nothing of the application from the end of a session on',
    async check(stage) {
      const node = await stage.start();
      const { client, session } = await node.enter(stage.strategy.issue('alice'));
      node.sessions.disconnect({ sessionId: session.id });
      node.broadcast('late');
      assert.equal(await node.reasonOf(client), 'disconnected');
      assert.deepEqual(client.received, ['echo entered']);
    },
  },
  {
    id: 'end-inbound',
    name: 'handles nothing of the client from the end of a session on',
    async check(stage) {
      const node = await stage.start();
      const { client, session } = await node.enter(stage.strategy.issue('alice'));
      client.send('late');
      node.sessions.disconnect({ sessionId: session.id });
      await node.reasonOf(client);
      assert.deepEqual(node.handled, ['entered']);
    },
  },
  {
    id: 'own-reason',
    name: 'sends the reason that the application gives',
    async check(stage) {
      const node = await stage.start();
      const { client, session } = await node.enter(stage.strategy.issue('alice'));
      node.sessions.disconnect({ sessionId: session.id }, { code: 4_001, reason: 'banned' });
      assert.equal(await node.reasonOf(client), 'banned');
    },
  },
  {
    id: 'revocation',
    name: 'ends the sessions of a user who is revoked, and refuses the token from then on',
    async check(stage) {
      const node = await stage.start();
      const token = stage.strategy.issue('alice');
      const { client } = await node.enter(token);
      await node.sessions.revoke({ userId: 'alice' });
      assert.equal(await node.reasonOf(client), 'revoked');
      for (const carrier of ['handshake', 'message'] as const) {
        assert.equal(await node.reasonOf(node.connect({ in: carrier, token })), 'revoked');
      }
      assert.equal(node.sessions.count(), 0);
    },
  },
  {
    id: 'revocation-elsewhere',
    name: 'ends the sessions of a user who is revoked on another node of the same store',
    async check(stage) {
      const store = new MemoryWsAuthStore();
      const [here, elsewhere] = [await stage.start({ store }), await stage.start({ store })];
      const { client } = await here.enter(stage.strategy.issue('alice'));
      await elsewhere.sessions.revoke({ userId: 'alice' });
      assert.equal(await here.reasonOf(client), 'revoked');
    },
  },
  {
    id: 'shutdown',
    name: 'sends clients the reason when the application closes',
    async check(stage) {
      const node = await stage.start();
      const { client } = await node.enter(stage.strategy.issue('alice'));
      const closed = node.close();
      assert.equal(await node.reasonOf(client), 'server shutting down');
      await closed;
    },
  },
  {
    id: 'drain',
    name: 'refuses new clients while a node drains, and handles what its sessions send until each ends',
    async check(stage) {
      const node = await stage.start();
      const { client } = await node.enter(stage.strategy.issue('alice'));
      const drained = node.sessions.drain({ overMs: 2_000 });
      client.send('meanwhile');
      const late = node.connect({ in: 'message', token: stage.strategy.issue('bob') });
      await node.reasonOf(late);
      assert.equal(await node.reasonOf(client), 'server shutting down');
      assert.equal(await drained, 1);
      assert.deepEqual(node.handled, ['entered', 'meanwhile']);
    },
  },
  {
    id: 'client-leaves',
    name: 'ends the session of a client that disconnects, and publishes it',
    async check(stage) {
      const node = await stage.start();
      const { client, session } = await node.enter(stage.strategy.issue('alice'));
      await client[Symbol.asyncDispose]();
      await stage.waiting.until('the end of the session', () => node.sessions.count() === 0);
      await stage.waiting.until('the event', () =>
        node.events.some(
          ({ name, payload }) =>
            name === 'disconnected' &&
            (payload as { sessionId?: unknown }).sessionId === session.id,
        ),
      );
    },
  },
];
