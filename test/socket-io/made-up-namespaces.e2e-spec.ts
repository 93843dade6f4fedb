import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { Namespace, Server, Socket } from 'socket.io';
import { describe, expect, it } from 'vitest';
import { WsAuthSessions } from '../../lib/index.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo, type IoApp } from './support/io-app.js';
import { IoEcho } from './support/io-gateways.js';
import { until } from './support/until.js';

@WebSocketGateway({ namespace: /^\/room-\w+$/ as unknown as string })
class RoomGateway extends IoEcho {
  all!: Server;

  afterInit(rooms: Namespace): void {
    this.all = (rooms as unknown as { readonly server: Server }).server;
    this.all.of('/room-kept');
    this.all
      .of((name, _payload, next) => setImmediate(next, null, name.startsWith('/async-')))
      .on('connection', (client: Socket) => client.emit('welcome'));
  }

  @SubscribeMessage('call')
  call(@ConnectedSocket() client: Socket): void {
    this.all.of(client.nsp.name).emit('called', client.nsp.name);
  }
}

/** Names of all namespaces of the server, but for the root one. */
function namesIn(app: IoApp): readonly string[] {
  const { all } = app.nest.get(RoomGateway);
  const { _nsps } = all as unknown as { readonly _nsps: ReadonlyMap<string, unknown> };
  return [..._nsps.keys()].filter((name) => name !== '/');
}

describe.each(ioTransports)('a namespace that a client has made up, by %s', (transport) => {
  it('K6h: is gone once all of its clients were refused', async () => {
    await using app = await startIo({}, [RoomGateway]);
    const names = ['/room-1', '/room-2', '/async-1', '/room-kept'];
    const refused = names.flatMap((name) =>
      [{}, { token: 'bad' }].map((auth) => app.open(transport, { auth }, name).refused()),
    );
    await Promise.all(refused);
    await until(() => namesIn(app).length === 1);
    expect(namesIn(app)).toEqual(['/room-kept']);
    const auth = { token: tokenOf('alice') };
    await (await app.open(transport, { auth }, '/async-1').connected()).next('welcome');
  });

  it('K6h: is gone if its client leaves while it is judged', async () => {
    const strategy = new DeferredStrategy();
    await using app = await startIo({ strategy: 'deferred' }, [RoomGateway, strategy.provider]);
    const client = app.open(transport, { auth: { token: 'x' } }, '/room-1');
    await strategy.asked();
    expect(namesIn(app)).toEqual(['/room-kept', '/room-1']);
    client[Symbol.dispose]();
    strategy.decide(false);
    await until(() => namesIn(app).length === 1);
  });

  it('K6h: stays for a client that is judged while another one is refused', async () => {
    const strategy = new DeferredStrategy();
    await using app = await startIo({ strategy: 'deferred' }, [RoomGateway, strategy.provider]);
    const alice = app.open(transport, { auth: { token: 'alice' } }, '/room-1');
    await strategy.asked();
    await app.open(transport, {}, '/room-1').refused();
    strategy.decide({ id: 'alice' });
    await alice.connected();
    await app.open(transport, {}, '/room-1').refused();
    alice.socket.emit('call');
    expect(await alice.next('called')).toEqual(['/room-1']);
    await app.nest.get(WsAuthSessions, { strict: false }).revoke({ userId: 'alice' });
    await alice.ended();
    await until(() => app.sessions.count() === 0);
    expect(namesIn(app)).toContain('/room-1');
  });

  it('K6h: is not cleaned up while a client is judged, though another one is refused', async () => {
    @WebSocketGateway({
      namespace: /^\/room-\w+$/ as unknown as string,
      cleanupEmptyChildNamespaces: true,
    })
    class CleaningGateway extends RoomGateway {}
    const strategy = new DeferredStrategy();
    const provider = { provide: RoomGateway, useExisting: CleaningGateway };
    const providers = [CleaningGateway, provider, strategy.provider];
    await using app = await startIo({ strategy: 'deferred' }, providers);
    app.nest.get(CleaningGateway).all.of('/room-asked');
    for (const name of ['/room-1', '/room-asked']) {
      const alice = app.open(transport, { auth: { token: 'alice' } }, name);
      await strategy.asked();
      await app.open(transport, {}, name).refused();
      strategy.decide({ id: 'alice' });
      await alice.connected();
      alice.socket.emit('call');
      expect(await alice.next('called')).toEqual([name]);
      alice.socket.disconnect();
      await until(() => !namesIn(app).includes(name));
    }
  });
});
