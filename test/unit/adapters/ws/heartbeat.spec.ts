import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startHeartbeat } from '../../../../lib/adapters/ws/heartbeat.js';
import type { GatedWebSocket } from '../../../../lib/adapters/ws/gate.js';
import { blockEventLoop, restoreClocks, useFakeTimers } from '../../../support/clocks.js';
import { turns } from '../../../support/turns.js';

restoreClocks();
afterEach(() => vi.restoreAllMocks());

/** A client whose ping takes a millisecond. */
function clientOf(pinged: unknown[]): GatedWebSocket {
  const client = {
    readyState: WebSocket.OPEN,
    isPaused: false,
    wsAuthAlive: true,
    ping() {
      blockEventLoop(1);
      pinged.push(client);
      client.wsAuthAlive = true;
    },
    terminate: () => undefined,
  };
  return client as unknown as GatedWebSocket;
}

describe('a heartbeat of many clients', () => {
  it('D12: serves others between the pings, and pings each client once', async () => {
    useFakeTimers();
    const pinged: unknown[] = [];
    const clients = new Set(Array.from({ length: 100 }, () => clientOf(pinged)));
    const stop = startHeartbeat(clients, 1_000);
    vi.advanceTimersByTime(1_000);
    expect(pinged.length).toBeLessThan(10);
    let turned = 0;
    for (; pinged.length < clients.size; turned += 1) {
      await turns(1);
    }
    expect(turned).toBeGreaterThan(10);
    expect(new Set(pinged)).toEqual(clients);
    stop();
  });

  it('D12: passes over clients that have left meanwhile, and ends with the server', async () => {
    useFakeTimers();
    const pinged: unknown[] = [];
    const clients = new Set(Array.from({ length: 100 }, () => clientOf(pinged)));
    const stop = startHeartbeat(clients, 1_000);
    vi.advanceTimersByTime(1_000);
    const left = [...clients].slice(50);
    left.forEach((client) => clients.delete(client));
    while (pinged.length < clients.size) {
      await turns(1);
    }
    await turns(3);
    expect(pinged).toHaveLength(50);
    vi.advanceTimersByTime(1_000);
    const before = pinged.length;
    stop();
    await turns(3);
    expect(pinged).toHaveLength(before);
  });

  it('D12: begins no new round before the last one is over', async () => {
    useFakeTimers();
    const pinged: unknown[] = [];
    const clients = new Set(Array.from({ length: 30 }, () => clientOf(pinged)));
    const stop = startHeartbeat(clients, 1);
    vi.advanceTimersByTime(20);
    while (pinged.length < clients.size) {
      await turns(1);
    }
    expect(new Set(pinged).size).toBe(pinged.length);
    stop();
  });
});
