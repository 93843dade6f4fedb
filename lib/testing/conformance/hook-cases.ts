import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { CaseOf } from './conformance-case.js';
import type { TransportStage } from './transport-stage.js';

/** How a transport runs the hooks of a gateway. */
export const hookCases: readonly CaseOf<TransportStage>[] = [
  {
    id: 'connection-guard',
    name: 'refuses a client that a guard of handleConnection refuses, and handles none of its texts',
    async check(stage) {
      const node = await stage.start();
      node.gateway.permits = false;
      const client = node.connect({ in: 'message', token: stage.strategy.issue('alice') });
      client.send('early');
      assert.equal(await node.reasonOf(client), 'not permitted');
      assert.deepEqual([node.gateway.connections, node.handled], [[], []]);
    },
  },
  {
    id: 'connection-awaited',
    name: 'keeps texts in order until handleConnection has ended',
    async check(stage) {
      const node = await stage.start();
      let finish: (() => void) | undefined;
      node.gateway.onConnected = () =>
        new Promise((resolve) => {
          finish = resolve;
        });
      const client = node.connect({ in: 'message', token: stage.strategy.issue('alice') });
      ['one', 'two'].forEach((text) => client.send(text));
      await stage.waiting.until('the hook', () => node.gateway.connections.length === 1);
      assert.equal(node.gateway.connections[0]?.user?.id, 'alice');
      assert.deepEqual(node.handled, []);
      finish?.();
      await stage.waiting.until('the answers', () => client.received.length === 2);
      assert.deepEqual(node.handled, ['one', 'two']);
    },
  },
  {
    id: 'connection-throws',
    name: 'ends a client whose handleConnection rejects, and handles none of its texts',
    async check(stage) {
      const node = await stage.start();
      node.gateway.onConnected = () => Promise.reject(new Error('database password'));
      const client = node.connect({ in: 'message', token: stage.strategy.issue('alice') });
      client.send('early');
      assert.doesNotMatch(await node.reasonOf(client), /database/);
      assert.deepEqual(node.handled, []);
      await stage.waiting.until('the end of the session', () => node.sessions.count() === 0);
    },
  },
];

/** What a transport keeps secret. */
export const secrecyCases: readonly CaseOf<TransportStage>[] = [
  {
    id: 'handshake-redacted',
    name: 'hides the credential of the handshake from application code',
    check: (stage) => hidesCredential(stage, 'handshake'),
  },
  {
    id: 'message-redacted',
    name: 'hides the credential of the first message from application code',
    check: (stage) => hidesCredential(stage, 'message'),
  },
];

/** Events are read as well: they go to logs. */
async function hidesCredential(stage: TransportStage, carrier: 'handshake' | 'message') {
  const node = await stage.start();
  const [token, next] = [stage.strategy.issue('alice'), stage.strategy.issue('alice')];
  const { client } = await node.enter(token, carrier);
  const before = client.notices.length;
  client.authenticate(next);
  await stage.waiting.until('the renewal', () => client.notices.length > before);
  client.send('renewed');
  await stage.waiting.until('an answer', () => client.received.includes('echo renewed'));
  await node.reasonOf(node.connect({ in: carrier, token: 'forged-token' }));
  const { connections, texts } = node.gateway;
  const visible = [...connections, ...texts].map((each) => each.visible);
  const printed = inspect([visible, node.events], { depth: 12, maxArrayLength: null });
  for (const secret of [token, next, 'forged-token']) {
    assert.equal(printed.includes(secret), false, 'application code can read a credential');
  }
  assert.ok(texts.length > 0 && visible.some((each) => each !== undefined));
}
