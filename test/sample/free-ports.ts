import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Above the ports that browsers block, below those that the system hands out for port 0 and for
 * outgoing connections: what is free here stays free until the sample listens.
 */
const range = { lowest: 12_000, highest: 32_000 };

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  );
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  const listening = await Promise.all(ports.map(listen));
  const servers = listening.filter((server) => server !== undefined);
  await Promise.all(servers.map(async (server) => once(server.close(), 'close')));
  return servers.length === ports.length;
}

/** Returns the first of `count` neighbouring ports that are all free. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = randomInt(range.lowest, range.highest);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (await areFree(ports)) return first;
  }
}
