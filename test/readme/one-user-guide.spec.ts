import { describe, expect, it } from 'vitest';
import { WsAuthModule, WsAuthSessions } from '../../lib/index.js';
import { startIo } from '../socket-io/support/io-app.js';
import { startApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { NoticesGateway } from './snippets/to-one-user-io.js';
import { Notices } from './snippets/to-one-user.js';

describe('lib/guides/sending-to-one-user.md', () => {
  it('reaches every device of the user, and no other client', async () => {
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
      providers: [JwtStrategy, EchoGateway, Notices],
    });
    const alice = [
      await app.connect('/', bearer(tokenOf('alice'))).opened(),
      await app.connect('/', bearer(tokenOf('alice'))).opened(),
    ];
    const bob = await app.connect('/', bearer(tokenOf('bob'))).opened();
    const notices = app.nest.get(Notices);
    expect(notices.send('alice', 'your order has left')).toBe(2);
    expect(notices.send('carol', 'not connected')).toBe(0);
    for (const client of alice) {
      expect(await client.nextEvent()).toEqual({ event: 'notice', data: 'your order has left' });
    }
    await bob.barrier();
    expect(bob.unread).toEqual([]);
  });

  it('reaches every device of the user with Socket.IO, and finds the same sockets', async () => {
    await using app = await startIo({}, [NoticesGateway]);
    const alice = [
      await app.open('polling', { auth: { token: tokenOf('alice') } }).connected(),
      await app.open('websocket', { auth: { token: tokenOf('alice') } }).connected(),
    ];
    const bob = await app.open('websocket', { auth: { token: tokenOf('bob') } }).connected();
    app.nest.get(NoticesGateway).send('alice', 'your order has left');
    for (const client of alice) {
      expect(await client.next('notice')).toEqual(['your order has left']);
    }
    const found = app.nest.get(WsAuthSessions).clientsOf<{ id: string }>('alice');
    expect(found.map(({ id }) => id)).toEqual(alice.map(({ socket }) => socket.id));
    app.nest.get(NoticesGateway).send('bob', 'yours alone');
    expect(await bob.next('notice')).toEqual(['yours alone']);
  });
});
