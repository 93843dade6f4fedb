import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { WsAuthModule } from '../../lib/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { fateOf } from '../support/connections.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';

const quiet = () => undefined;
let other: Server;
const ran: string[] = [];

beforeEach(async () => {
  ran.length = 0;
  other = createServer();
  await once(other.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => other.close());

/** What people write to serve a gateway on a second HTTP server. */
const hands: Record<string, (gateway: WebSocketServer) => unknown> = {
  'handleUpgrade() of the server': (gateway) =>
    other.on('upgrade', (request, socket, head) => {
      gateway.handleUpgrade(request, socket, head, (client) =>
        gateway.emit('connection', client, request),
      );
    }),
  'a server of its own': (gateway) =>
    new WebSocketServer({ server: other }).on('connection', (client, request) =>
      gateway.emit('connection', client, request),
    ),
};

function start(hand: (gateway: WebSocketServer) => unknown, lines: string[]): Promise<TestApp> {
  @WebSocketGateway()
  class HandedGateway {
    afterInit(server: WebSocketServer): void {
      hand(server);
    }

    handleConnection(): void {
      ran.push('handleConnection');
    }

    @SubscribeMessage('act')
    act() {
      ran.push('act');
      return { event: 'acted' };
    }
  }
  const error = (line: unknown) => void lines.push(String(line));
  return startApp(
    {
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [JwtStrategy, HandedGateway],
    },
    undefined,
    { logger: { log: quiet, warn: quiet, debug: quiet, error } },
  );
}

describe('K8e: a client that the application announces by hand, through', () => {
  it.each(Object.entries(hands))('%s, reaches no handler, and is reported', async (_how, hand) => {
    const lines: string[] = [];
    await using app = await start(hand, lines);
    const url = `ws://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    for (const credential of [{}, bearer(tokenOf('alice'))]) {
      const client = app.connectTo(url, credential);
      expect(await fateOf(client)).toBe('closed 1006 ');
    }
    expect(ran).toEqual([]);
    expect(lines).toEqual([
      expect.stringMatching(/^a client without a session is terminated: .*app\.getHttpServer\(\)/),
    ]);
    const client = await app.connect('/', bearer(tokenOf('alice'))).opened();
    client.emit('act');
    expect(await client.next()).toContain('acted');
  });

  it('handleUpgrade() alone, is sent no broadcast', async () => {
    let gateway: WebSocketServer;
    await using app = await start((server) => {
      gateway = server;
      other.on('upgrade', (request, socket, head) =>
        server.handleUpgrade(request, socket, head, () => undefined),
      );
    }, []);
    const url = `ws://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    const client = await app.connectTo(url).opened();
    gateway!.clients.forEach((each) => {
      each.send('a broadcast');
      each.close(1000, 'the end');
    });
    const { reason } = await client.closed();
    expect(reason).toBe('the end');
    expect(client.unread).toEqual([]);
  });
});
