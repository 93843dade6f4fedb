import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketGateway } from '@nestjs/websockets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Server as IoServer } from 'socket.io';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo } from './support/io-app.js';
import { openIo } from './support/io-client.js';
import { IoEcho } from './support/io-gateways.js';

let other: Server;

beforeEach(async () => {
  other = createServer();
  await once(other.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => {
  other.closeAllConnections();
  other.close();
});

const noop = () => undefined;

async function startWith(hand: (server: IoServer) => unknown) {
  @WebSocketGateway()
  class Gateway extends IoEcho {
    afterInit(server: IoServer): void {
      hand(server);
    }
  }
  const lines: string[] = [];
  const error = (line: unknown) => void lines.push(String(line));
  const logger = { log: noop, warn: noop, debug: noop, error };
  const app = await startIo({}, [Gateway], { logger });
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  return { app, lines, url };
}

const auth = { token: tokenOf('alice') };

describe.each(ioTransports)('K8e: a second HTTP server, by %s', (transport) => {
  it('that the application attaches by itself serves no client, and is reported', async () => {
    const { app, lines, url } = await startWith((server) => server.attach(other));
    await using _app = app;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      using client = openIo(url, { transports: [transport], auth });
      await Promise.race([client.next('disconnect'), client.next('connect_error')]);
      expect(client.records.map(({ event }) => event)).not.toContain('connect');
    }
    expect(lines).toEqual([
      expect.stringMatching(
        /^a client of Socket\.IO is refused, .*app\.getHttpServer\(\) instead$/,
      ),
    ]);
  });

  it('that forwards its requests and upgrades serves clients with a session', async () => {
    const { app, url } = await startWith(noop);
    await using _app = app;
    const server: Server = app.nest.getHttpServer();
    other.on('request', (...request) => server.emit('request', ...request));
    other.on('upgrade', (...upgrade) => server.emit('upgrade', ...upgrade));
    using client = openIo(url, { transports: [transport], auth });
    await client.connected();
    await expect(client.ask('echo', 1)).resolves.toBe(1);
  });
});
