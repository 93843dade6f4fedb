import { once } from 'node:events';
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net';
import {
  SubscribeMessage,
  WebSocketGateway,
  MessageBody,
  ConnectedSocket,
} from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WsAuthHealth, WsAuthSessions, type WsAuthModuleOptions } from '../../lib/index.js';
import { userOf } from '../../lib/sessions/client-session.js';
import { startGateways, type TestApp } from '../support/app.js';
import { patient } from '../support/patience.js';
import { tokenOf } from '../support/tokens.js';
import { turns } from '../support/turns.js';
import { ObservedSocket } from './observed-socket.js';

/** What the gateways of all nodes have received, by user. */
const received = new Map<string, number[]>();

@WebSocketGateway()
class NotingGateway {
  @SubscribeMessage('note')
  note(@ConnectedSocket() client: object, @MessageBody() number: number): object {
    const { id } = userOf<{ id: string }>(client);
    received.set(id, [...(received.get(id) ?? []), number]);
    return { event: 'noted', data: number };
  }
}

const startNode = (options: WsAuthModuleOptions = {}) => startGateways(options, [NotingGateway]);

/** A balancer that asks nodes for their readiness, and sends clients to the first one that is ready. */
async function balance(nodes: () => readonly TestApp[]) {
  const server = createServer((near) => {
    const ready = nodes().find(({ nest }) => nest.get(WsAuthHealth).isReady());
    if (!ready) {
      near.destroy();
      return;
    }
    const far = connectTcp(ready.port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      socket.on('error', () => undefined);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => void server.close(),
  };
}

const overMs = patient(1_000);

describe('clients of a node that drains', { timeout: patient(60_000) }, () => {
  it('connect to another node before they are closed, and lose no message', async () => {
    received.clear();
    const first = await startNode({ drainMs: 4_000 });
    await using second = await startNode();
    using balancer = await balance(() => [first, second]);
    const users = Array.from({ length: 20 }, (_, index) => `user ${index}`);
    const clients = users.map(
      (user) => new ObservedSocket(balancer.url, { token: () => tokenOf(user) }),
    );
    await Promise.all(clients.map((client) => client.next('open')));
    expect(first.nest.get(WsAuthSessions).count()).toBe(20);
    const shutdown = { isOver: false };
    const closed = first[Symbol.asyncDispose]().then(() => (shutdown.isOver = true));
    let sent = 0;
    for (; !shutdown.isOver; await turns(10)) {
      sent += 1;
      clients.forEach((client) => client.emit('note', sent));
    }
    await closed;
    const all = Array.from({ length: sent }, (_, index) => index + 1);
    await expect
      .poll(() => [...received.values()].map(({ length }) => length), { timeout: patient(10_000) })
      .toEqual(users.map(() => sent));
    for (const user of users) {
      expect(received.get(user)!.toSorted((one, other) => one - other)).toEqual(all);
    }
    expect(second.nest.get(WsAuthSessions).count()).toBe(20);
    for (const client of clients) {
      expect(client.socket.state).toBe('open');
      expect(client.told).not.toContain('waiting');
      expect(client.told.filter((type) => type === 'open')).toHaveLength(2);
      await client[Symbol.asyncDispose]();
    }
  });

  it('receive the answers that are on their way on the former connection', async () => {
    const first = await startNode();
    await using second = await startNode();
    using balancer = await balance(() => [first, second]);
    await using client = new ObservedSocket(balancer.url, { token: () => tokenOf('alice') });
    await client.next('open');
    void first.nest.get(WsAuthSessions).drain({ overMs });
    client.emit('note', 1);
    await client.next('open');
    expect(JSON.parse(String((await client.next('message')).data))).toEqual({
      event: 'noted',
      data: 1,
    });
    expect(await client.ask('note', 2)).toBe(2);
    await first[Symbol.asyncDispose]();
    expect(client.socket.state).toBe('open');
  });

  it('keep their connection while there is no other node, and come back when there is one', async () => {
    const first = await startNode();
    const nodes = [first];
    using balancer = await balance(() => nodes);
    await using client = new ObservedSocket(balancer.url, { token: () => tokenOf('alice') });
    await client.next('open');
    const drained = first.nest.get(WsAuthSessions).drain({ overMs });
    expect(await client.ask('note', 1)).toBe(1);
    await drained;
    const { code } = await client.next('waiting');
    expect([1001, 1006]).toContain(code); // 1006 of the next connection, if that is being tried when this one closes
    await using second = await startNode();
    nodes.push(second);
    await client.next('open');
    await first[Symbol.asyncDispose]();
    expect(await client.ask('note', 2)).toBe(2);
  });

  it('are closed by their application for good, whichever connection they have', async () => {
    const first = await startNode();
    await using second = await startNode();
    using balancer = await balance(() => [first, second]);
    await using client = new ObservedSocket(balancer.url, { token: () => tokenOf('alice') });
    await client.next('open');
    void first.nest.get(WsAuthSessions).drain({ overMs });
    await client.next('open');
    client.socket.close();
    await client.next('close');
    await first[Symbol.asyncDispose]();
    await expect.poll(() => second.nest.get(WsAuthSessions).count()).toBe(0);
    expect(client.socket.state).toBe('closed');
  });
});
