import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Socket } from 'socket.io';
import { expect, it, vi } from 'vitest';
import { hourMs, restoreClocks, useFakeClock } from '../support/clocks.js';
import { sessionOf, WsAuthSessions } from '../../lib/index.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo } from './support/io-app.js';
import { IoEcho } from './support/io-gateways.js';
import { RawPolling } from './support/raw-io.js';
import { until } from './support/until.js';

/** The session ends while middleware of the client decides on an event. */
@WebSocketGateway()
class SlowGateway extends IoEcho {
  override handleConnection(client: Socket): void {
    client.use((_event, next) => {
      vi.setSystemTime(Date.now() + 2 * hourMs);
      next();
    });
    super.handleConnection(client);
  }
}

/** A gateway whose handlers Nest begins some promises after their events, because they have pipes. */
@WebSocketGateway()
class ModeratedGateway extends IoEcho {
  constructor(private readonly sessions: WsAuthSessions) {
    super();
  }

  @SubscribeMessage('say')
  say(@MessageBody() text: string, @ConnectedSocket() client: Socket): void {
    this.handled.push(text);
    if (text === 'abuse') {
      this.sessions.disconnect({ sessionId: sessionOf(client)!.id });
    }
  }
}
Reflect.defineMetadata('design:paramtypes', [WsAuthSessions], ModeratedGateway);

restoreClocks();

it('K9c: a handler that ends the session is the last one, also for events of the same request', async () => {
  await using app = await startIo({}, [ModeratedGateway]);
  const gateway = app.nest.get(ModeratedGateway);
  const client = await RawPolling.open(app.url);
  await client.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
  await until(() => gateway.connected.length === 1);
  // The answer comes when all of them have been read.
  await client.send(['hello', 'abuse', 'late', 'later'].map((text) => `2["say","${text}"]`));
  expect(gateway.handled).toEqual(['hello', 'abuse']);
});

it.each(ioTransports)(
  'K9c: no listener receives an event after the session has expired during middleware, by %s',
  async (transport) => {
    useFakeClock();
    await using app = await startIo({}, [SlowGateway]);
    const client = await app.open(transport, { auth: { token: tokenOf('alice') } }).connected();
    client.socket.emit('echo', 'late');
    await expect(client.ended()).resolves.toMatchObject({ reason: 'token expired' });
    expect(app.nest.get(SlowGateway).handled).toEqual([]);
  },
);
