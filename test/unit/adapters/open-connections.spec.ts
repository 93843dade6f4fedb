import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { OpenConnections } from '../../../lib/adapters/open-connections.js';

/** The timer that bounds the time in which a server closes. */
function deadlineOf(connections: OpenConnections): NodeJS.Timeout {
  const set = vi.spyOn(globalThis, 'setTimeout');
  connections.endWithin(60_000);
  const [timer] = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
  set.mockRestore();
  return timer!;
}

describe('K6e: the deadline of a server that closes', () => {
  it('keeps the process running until the server has closed, so that the hooks after it run', async () => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const deadline = deadlineOf(new OpenConnections(server));
    expect(deadline.hasRef()).toBe(true);
    const clear = vi.spyOn(globalThis, 'clearTimeout');
    server.close();
    await once(server, 'close');
    expect(clear).toHaveBeenCalledWith(deadline);
    clear.mockRestore();
  });

  it('keeps no process running for a server that has never listened', () => {
    expect(deadlineOf(new OpenConnections(createServer())).hasRef()).toBe(false);
  });

  it('keeps the process running for a server that the application has begun to close itself', async () => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const connections = new OpenConnections(server);
    const peer = connect((server.address() as AddressInfo).port);
    await once(server, 'connection');
    server.close();
    expect(deadlineOf(connections).hasRef()).toBe(true);
    peer.destroy();
    await once(server, 'close');
  });
});
