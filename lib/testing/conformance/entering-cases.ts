import assert from 'node:assert/strict';
import { fromAuthorizationHeader } from '../../credentials/authorization-header.extractor.js';
import type { CaseOf } from './conformance-case.js';
import type { TransportNode, TransportStage } from './transport-stage.js';

const forged = 'forged-token';

/** What a transport does with clients that have no session yet. */
export const enteringCases: readonly CaseOf<TransportStage>[] = [
  {
    id: 'handshake-forged',
    name: 'refuses a forged token in the handshake with its reason, before any application code runs',
    check: (stage) => refusesForged(stage, 'handshake'),
  },
  {
    id: 'message-forged',
    name: 'refuses a forged token in the first message with its reason, before any application code runs',
    check: (stage) => refusesForged(stage, 'message'),
  },
  {
    id: 'no-credential',
    name: 'runs no application code for a client that presents nothing and sends texts',
    async check(stage) {
      const node = await stage.start();
      const client = node.connect({ in: 'none' });
      client.send('early');
      await node.reasonOf(client);
      assertUntouched(node);
      assert.equal(stage.strategy.asked, 0);
    },
  },
  {
    id: 'credential-required',
    name: 'names the missing credential where only the handshake may carry one',
    async check(stage) {
      const node = await stage.start({ credentials: [fromAuthorizationHeader()] });
      const client = node.connect({ in: 'none' });
      assert.equal(await node.reasonOf(client), 'credential required');
      assertUntouched(node);
    },
  },
  {
    id: 'deadline',
    name: 'ends a client that sends no credential in time',
    async check(stage) {
      const node = await stage.start({ authTimeoutMs: 100 });
      const client = node.connect({ in: 'silent' });
      assert.equal(await node.reasonOf(client), 'authentication timed out');
      assertUntouched(node);
    },
  },
  {
    id: 'handshake-early',
    name: 'handles the texts of a client in order and with its user, after a slow strategy in the handshake',
    check: (stage) => handlesEarlyTexts(stage, 'handshake'),
  },
  {
    id: 'message-early',
    name: 'handles the texts of a client in order and with its user, after a slow strategy for the first message',
    check: (stage) => handlesEarlyTexts(stage, 'message'),
  },
  {
    id: 'strategy-error',
    name: 'refuses when the strategy throws, and keeps the message of the error to itself',
    async check(stage) {
      const node = await stage.start();
      stage.strategy.failWith(new Error('database password'));
      for (const carrier of ['handshake', 'message'] as const) {
        const client = node.connect({ in: carrier, token: stage.strategy.issue('alice') });
        assert.equal(await node.reasonOf(client), 'authentication failed');
      }
      assertUntouched(node);
    },
  },
  {
    id: 'strategy-late',
    name: 'refuses when the strategy does not answer in time, and opens no session when it does later',
    async check(stage) {
      const node = await stage.start({ authTimeoutMs: 100 });
      const release = stage.strategy.hold();
      const clients = (['handshake', 'message'] as const).map((carrier) =>
        node.connect({ in: carrier, token: stage.strategy.issue('alice') }),
      );
      for (const client of clients) {
        assert.equal(await node.reasonOf(client), 'authentication unavailable');
      }
      release();
      await node.enter(stage.strategy.issue('bob')).catch(() => undefined);
      assert.deepEqual(node.sessions.ofUser('alice'), []);
    },
  },
  {
    id: 'credential-size',
    name: 'refuses a token beyond maxCredentialBytes, and does not ask the strategy',
    async check(stage) {
      const node = await stage.start({ maxCredentialBytes: 256 });
      for (const carrier of ['handshake', 'message'] as const) {
        await node.reasonOf(node.connect({ in: carrier, token: 'x'.repeat(600) }));
      }
      assert.equal(stage.strategy.asked, 0);
      assertUntouched(node);
    },
  },
];

/** @throws {AssertionError} if application code has met a client. */
export function assertUntouched(node: TransportNode): void {
  assert.deepEqual(node.gateway.connections, []);
  assert.deepEqual(node.handled, []);
  assert.equal(node.sessions.count(), 0);
}

async function refusesForged(stage: TransportStage, carrier: 'handshake' | 'message') {
  const node = await stage.start();
  const client = node.connect({ in: carrier, token: forged });
  client.send('early');
  assert.equal(await node.reasonOf(client), 'credential rejected');
  assert.equal(stage.strategy.asked, 1);
  assertUntouched(node);
}

async function handlesEarlyTexts(stage: TransportStage, carrier: 'handshake' | 'message') {
  const node = await stage.start();
  const release = stage.strategy.hold();
  const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
  const client = node.connect({ in: carrier, token: stage.strategy.issue('alice') });
  texts.forEach((text) => client.send(text));
  await stage.waiting.until('a run of the strategy', () => stage.strategy.asked === 1);
  assertUntouched(node);
  release();
  await stage.waiting.until('the last answer', () => client.received.length === texts.length);
  assert.deepEqual(node.handled, texts);
  assert.deepEqual(
    client.received,
    texts.map((text) => `echo ${text}`),
  );
  const users = new Set(node.gateway.texts.map(({ user }) => user?.id));
  assert.deepEqual([...users], ['alice']);
}
