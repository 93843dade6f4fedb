import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { closeClient } from '../../../../lib/adapters/ws/close-client.js';
import type { GatedWebSocket } from '../../../../lib/adapters/ws/gate.js';
import { webSocketPair } from '../../support/web-socket-pair.js';

const closing = { code: 3_000, reason: 'revoked' };

/** A server whose peer reads nothing, and so does not answer. */
async function deafPair(closeTimeout?: number) {
  const options = closeTimeout === undefined ? {} : { closeTimeout };
  const sockets = await webSocketPair(options);
  sockets.peer.pause();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  return { ...sockets, client: sockets.client as GatedWebSocket };
}

const waits = [
  { what: 'its grace', graceMs: 1_000, closeTimeout: undefined, after: 1_000 },
  {
    what: 'what the gateway gives it, if that is less',
    graceMs: 5_000,
    closeTimeout: 300,
    after: 300,
  },
];

describe('closeClient', () => {
  afterEach(() => vi.useRealTimers());

  it.each(waits)('cuts a deaf peer off after $what', async ({ graceMs, closeTimeout, after }) => {
    await using sockets = await deafPair(closeTimeout);
    const { client, socket } = sockets;
    closeClient(client, { ...closing, graceMs });
    vi.advanceTimersByTime(after - 1);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(socket.destroyed).toBe(true);
    await once(client, 'close');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('terminates in time a client that the application is closing already', async () => {
    await using sockets = await deafPair();
    const { client, socket } = sockets;
    client.close(4_000);
    closeClient(client, { ...closing, graceMs: 100 });
    vi.advanceTimersByTime(100);
    expect(socket.destroyed).toBe(true);
  });

  it('leaves a closed one alone', async () => {
    await using sockets = await webSocketPair();
    const client = sockets.client as GatedWebSocket;
    const closed = once(client, 'close');
    client.terminate();
    await closed;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    closeClient(client, { ...closing, graceMs: 5_000 });
    expect(vi.getTimerCount()).toBe(0);
  });
});
