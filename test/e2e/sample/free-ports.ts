import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  return once(server, 'listening').then(
    () => server,
    () => undefined,
  );
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}

async function occupy(count: number): Promise<Server[]> {
  const first = await listen(0);
  if (!first) return [];
  const port = portOf(first);
  const servers = [first];
  while (servers.length < count && port + servers.length <= 65_535) {
    const next = await listen(port + servers.length);
    if (!next) break;
    servers.push(next);
  }
  return servers;
}

async function release(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map(async (server) => once(server.close(), 'close')));
}

/** Returns the first of `count` neighbouring ports that are all free. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const servers = await occupy(count);
    const ports = servers.map(portOf);
    await release(servers);
    if (ports[0] !== undefined && ports.length === count) return ports[0];
  }
}
