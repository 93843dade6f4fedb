import { WebSocketGateway } from '@nestjs/websockets';
import type { Socket } from 'socket.io';
import { expect, it, vi } from 'vitest';
import { hourMs, restoreClocks, useFakeClock } from '../support/clocks.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo } from './support/io-app.js';
import { IoEcho } from './support/io-gateways.js';

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

restoreClocks();

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
