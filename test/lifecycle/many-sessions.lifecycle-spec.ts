import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WsAuthEvents } from '../../lib/index.js';
import type { TestApp } from '../support/app.js';
import { restoreClocks, secondMs } from '../support/clocks.js';
import { sessionsOf, startWithVerdicts } from '../support/connections.js';
import { patient } from '../support/patience.js';
import { turns } from '../support/turns.js';

restoreClocks();

const count = 4_000;
const script = fileURLToPath(new URL('many-clients.mjs', import.meta.url));

/** Clients in a process of their own. */
async function openMany(app: TestApp) {
  const child = fork(script, [String(app.port), String(count)]);
  const [first] = (await once(child, 'message')) as [unknown];
  expect(first).toBe('open');
  const codes = once(child, 'message').then(([message]) => message as object);
  return { codes, [Symbol.dispose]: () => child.kill() };
}

/**
 * Counts the turns of the event loop, each of which serves all other clients. Milliseconds depend on what else the machine
 * does, and the benchmark measures them; turns do not.
 */
function countTurns() {
  let turned = 0;
  let watching = true;
  const probe = () => {
    turned += 1;
    if (watching) {
      setImmediate(probe);
    }
  };
  setImmediate(probe);
  return {
    stop(): number {
      watching = false;
      return turned;
    },
  };
}

/** Four thousand endings in fewer turns would be hundreds of sockets in each. Without slices they are one or two. */
const manyTurns = 10;

const options = {
  heartbeatIntervalMs: 0,
  maxPending: 20_000,
  maxPendingPerAddress: 20_000,
};

describe(`${count} sessions`, { timeout: patient(60_000) }, () => {
  it.each([
    ['after a warning', 500],
    ['without a warning', 0],
  ])(
    'that expire %s in the same instant yield to the event loop again and again',
    async (_name, expiryWarningMs) => {
      await using app = await startWithVerdicts(
        { many: { id: 'many' } },
        { ...options, expiryWarningMs },
      );
      using clients = await openMany(app);
      const sessions = sessionsOf(app);
      // What turns while they are waiting does not count, and would take a core for as long.
      let loop: ReturnType<typeof countTurns> | undefined;
      let expired = 0;
      app.nest.get(WsAuthEvents).on('expired', () => {
        loop ??= countTurns();
        expired += 1;
      });
      const exp = Date.now() / secondMs + 8;
      for (const { id } of sessions) {
        sessions.refresh(id, { id: 'many', exp });
      }
      expect(await clients.codes).toEqual({ 3000: count });
      expect(loop?.stop()).toBeGreaterThan(manyTurns);
      expect(sessions.count()).toBe(0);
      expect(expired).toBe(count);
    },
    60_000,
  );

  it('that are revoked together yield to the event loop again and again', async () => {
    await using app = await startWithVerdicts({ many: { id: 'many' } }, options);
    using clients = await openMany(app);
    const loop = countTurns();
    await turns(1);
    expect(await sessionsOf(app).revoke({ userId: 'many' })).toBe(count);
    expect(sessionsOf(app).count()).toBe(0);
    expect(await clients.codes).toEqual({ 3000: count });
    expect(loop.stop()).toBeGreaterThan(manyTurns);
  });
});
