import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import { authenticate } from 'nestjs-ws-auth/socket.io-client';
import type { Server } from 'socket.io';
import { io, type ManagerOptions } from 'socket.io-client';
import { afterEach, describe, expect, it } from 'vitest';
import { userOf, WsAuthHealth, WsPublic } from '../../lib/index.js';
import { patient } from '../support/patience.js';
import { tokenOf } from '../support/tokens.js';
import { turns } from '../support/turns.js';
import { ioTransports, startIo, type IoApp, type IoTransport } from './support/io-app.js';
import { IoClient } from './support/io-client.js';

@WsPublic()
@WebSocketGateway()
class OpenGateway {
  @SubscribeMessage('note')
  note(@MessageBody() number: number): number {
    return number;
  }
}

/** What the gateways of all nodes have received, by user. */
const received = new Map<string, number[]>();

@WebSocketGateway()
class NotingGateway {
  @WebSocketServer() readonly server!: Server;

  @SubscribeMessage('note')
  note(@ConnectedSocket() client: object, @MessageBody() number: number): number {
    const { id } = userOf<{ id: string }>(client);
    received.set(id, [...(received.get(id) ?? []), number]);
    return number;
  }
}

@WebSocketGateway({ namespace: 'other' })
class OtherGateway {
  @SubscribeMessage('note')
  note(@MessageBody() number: number): number {
    return number;
  }
}

const engineOf = ({ server }: NotingGateway) => server.engine as unknown as { clients: object };

const startNode = () => startIo({}, [NotingGateway, OtherGateway]);

/** A balancer with sticky sessions: each new one goes to the first node that is ready. */
async function balance(nodes: readonly IoApp[]) {
  const server = createServer((near) => {
    near.on('error', () => undefined);
    near.once('data', (head: Buffer) => {
      const sid = /[?&]sid=([^& ]+)/.exec(head.toString('latin1'))?.[1];
      const node = nodes.find(({ nest }) =>
        sid ? sid in engineOf(nest.get(NotingGateway)).clients : nest.get(WsAuthHealth).isReady(),
      );
      if (!node) {
        near.destroy();
        return;
      }
      const far = connectTcp(node.port, '127.0.0.1').on('error', () => undefined);
      far.write(head);
      near.pipe(far).pipe(near);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => void server.close(),
  };
}

const opened: IoClient[] = [];
afterEach(() => opened.splice(0).forEach((client) => client[Symbol.dispose]()));

/** An official client that `authenticate()` looks after. */
function open(url: string, user: string, options: Partial<ManagerOptions>): IoClient {
  const socket = io(url, {
    forceNew: true,
    reconnectionDelay: 10,
    reconnectionDelayMax: 50,
    ...options,
  });
  authenticate(socket, { token: () => tokenOf(user) });
  const client = new IoClient(socket);
  opened.push(client);
  return client;
}

/**
 * All clients send while one of them moves, from its notice until it has connected again. To send during the whole drain would take
 * half a minute of CPU on a busy machine.
 *
 * @returns the answers so far
 */
function sendWhileMoving(clients: readonly IoClient[]): readonly Promise<unknown>[] {
  const answers: Promise<unknown>[] = [];
  const moving = new Set<IoClient>();
  const send = () => {
    const number = answers.length / clients.length + 1;
    answers.push(...clients.map(({ socket }) => socket.emitWithAck('note', number)));
  };
  const sendUntilAllHaveMoved = async () => {
    for (; moving.size > 0; await turns(1)) {
      send();
    }
  };
  for (const client of clients) {
    client.socket.on('connect', () => moving.delete(client));
    // Before the listener by which it leaves, so that the notice always meets an event without an acknowledgement.
    client.socket.onAny((event) => {
      if (event === 'draining') {
        moving.add(client);
        void (moving.size === 1 ? sendUntilAllHaveMoved() : send());
      }
    });
  }
  send();
  return answers;
}

/** Clients have half of it to leave, and the drain ends when all have left. */
const drained = { overMs: patient(8_000) };
const reasonsOf = ({ records }: IoClient) =>
  records.filter(({ event }) => event === 'disconnect').map(({ args }) => args[0]);

describe.each(ioTransports)(
  'clients of a node that drains, by %s',
  { timeout: patient(60_000) },
  (transport: IoTransport) => {
    // One request a connection, so that the balancer sees each of them.
    const options = { transports: [transport], agent: false } as never;

    it('leave in order, and lose no event and no acknowledgement', async () => {
      received.clear();
      await using first = await startNode();
      await using second = await startNode();
      using balancer = await balance([first, second]);
      const users = Array.from({ length: 20 }, (_, index) => `user ${index}`);
      const clients = users.map((user) => open(balancer.url, user, options));
      await Promise.all(clients.map((client) => client.connected()));
      const answers = sendWhileMoving(clients);
      await first.sessions.drain(drained);
      await Promise.all(clients.map((client) => client.connected()));
      const sent = answers.length / users.length;
      expect(sent).toBeGreaterThan(1);
      const all = Array.from({ length: sent }, (_, index) => index + 1);
      expect(await Promise.all(answers)).toEqual(all.flatMap((each) => users.map(() => each)));
      for (const [index, user] of users.entries()) {
        expect(received.get(user)).toEqual(all);
        expect(reasonsOf(clients[index]!)).toEqual(['forced close']);
      }
      await expect
        .poll(() => [first, second].map(({ sessions }) => sessions.count()))
        .toEqual([0, 20]);
    });

    it('take all their namespaces with them, and flush events without an acknowledgement', async () => {
      received.clear();
      await using first = await startNode();
      await using second = await startNode();
      using balancer = await balance([first, second]);
      const client = open(balancer.url, 'alice', options);
      await client.connected();
      using other = new IoClient(client.socket.io.socket('/other'));
      authenticate(other.socket, { token: () => tokenOf('alice') });
      await other.connected();
      client.socket.on('draining', () => client.socket.emit('note', 2));
      client.socket.emit('note', 1);
      void first.sessions.drain(drained);
      await client.connected();
      await other.connected();
      expect(await client.ask('note', 3)).toBe(3);
      expect(await other.ask('note', 4)).toBe(4);
      expect(received.get('alice')).toEqual([1, 2, 3]);
      expect(Object.hasOwn(client.socket, 'emit')).toBe(false);
      await expect
        .poll(() => [first, second].map(({ sessions }) => sessions.count()))
        .toEqual([0, 1]);
    });

    it('stay until the server closes them where they do not connect again by themselves', async () => {
      await using first = await startNode();
      await using second = await startNode();
      using balancer = await balance([first, second]);
      const client = open(balancer.url, 'alice', { ...(options as object), reconnection: false });
      await client.connected();
      void first.sessions.drain({ overMs: patient(200) });
      await client.next('draining');
      expect(await client.ask('note', 1)).toBe(1);
      expect(await client.disconnected()).toBe('transport close');
    });
  },
);

it('a server of public gateways refuses new clients with 503 while its node drains, and keeps the others', async () => {
  await using app = await startIo({}, [OpenGateway]);
  const poll = () => fetch(`${app.url}/socket.io/?EIO=4&transport=polling`);
  expect((await poll()).status).toBe(200);
  const client = await app.open('websocket').connected();
  await app.sessions.drain({ overMs: 0 });
  const refused = await poll();
  expect(refused.status).toBe(503);
  expect(refused.headers.has('retry-after')).toBe(true);
  expect((await app.open('websocket').refused()).message).toBe('websocket error');
  expect(await client.ask('note', 1)).toBe(1);
});

it('a server of public gateways asks the application whether a client may connect', async () => {
  @WsPublic()
  @WebSocketGateway({ allowRequest: (_request, done) => done('no', false) })
  class SelectiveGateway {}
  await using app = await startIo({}, [SelectiveGateway]);
  const { status } = await fetch(`${app.url}/socket.io/?EIO=4&transport=polling`);
  expect(status).toBe(403);
});
