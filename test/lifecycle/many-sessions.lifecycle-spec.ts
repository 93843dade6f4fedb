import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WsAuthEvents } from '../../lib/index.js';
import type { TestApp } from '../support/app.js';
import { restoreClocks, secondMs } from './clocks.js';
import { sessionsOf, startWithVerdicts } from './connections.js';

restoreClocks();

const count = 10_000;
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
 * Measures for how long nothing else could run: the longest turn of the event loop, in the processor time that this process
 * took for it, so that a busy machine is not held against it.
 */
function watchEventLoop() {
  let longestMs = 0;
  let wall = performance.now();
  let cpu = process.cpuUsage();
  let watching = true;
  const probe = () => {
    const used = process.cpuUsage(cpu);
    const usedMs = (used.user + used.system) / 1_000;
    longestMs = Math.max(longestMs, Math.min(performance.now() - wall, usedMs));
    wall = performance.now();
    cpu = process.cpuUsage();
    if (watching) {
      setImmediate(probe);
    }
  };
  setImmediate(probe);
  return {
    stop(): number {
      watching = false;
      return longestMs;
    },
  };
}

const options = {
  heartbeatIntervalMs: 0,
  maxPending: 20_000,
  maxPendingPerAddress: 20_000,
};

/** Other work on the machine can only make a turn longer, so the best of three runs counts. */
const generously = { retry: 2, timeout: 60_000 };

describe(`${count} sessions`, generously, () => {
  it.each([
    ['after a warning', 500],
    ['without a warning', 0],
  ])(
    'that expire %s in the same instant stall the event loop for at most 100 ms',
    async (_name, expiryWarningMs) => {
      await using app = await startWithVerdicts(
        { many: { id: 'many' } },
        { ...options, expiryWarningMs },
      );
      using clients = await openMany(app);
      const sessions = sessionsOf(app);
      let expired = 0;
      app.nest.get(WsAuthEvents).on('expired', () => (expired += 1));
      const exp = Date.now() / secondMs + 3;
      for (const { id } of sessions) {
        sessions.refresh(id, { id: 'many', exp });
      }
      await new Promise((resolve) => setImmediate(resolve));
      const loop = watchEventLoop();
      expect(await clients.codes).toEqual({ 3000: count });
      const longestMs = loop.stop();
      expect(sessions.count()).toBe(0);
      expect(expired).toBe(count);
      expect(longestMs).toBeLessThanOrEqual(100);
    },
    60_000,
  );

  it('that are revoked at once stall the event loop for at most 100 ms', async () => {
    await using app = await startWithVerdicts({ many: { id: 'many' } }, options);
    using clients = await openMany(app);
    const loop = watchEventLoop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await sessionsOf(app).revoke({ userId: 'many' })).toBe(count);
    expect(sessionsOf(app).count()).toBe(0);
    expect(await clients.codes).toEqual({ 3000: count });
    expect(loop.stop()).toBeLessThanOrEqual(100);
  });
});
