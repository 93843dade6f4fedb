import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import type { GatedWebSocket } from '../../lib/adapters/ws/gate.js';
import { fromAuthorizationHeader, fromFirstMessage } from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { tokenOf } from '../support/tokens.js';

const name = 'nestjs-ws-auth:ping';
const ping = JSON.stringify({ event: name });

/** An application that has handlers of the names. */
@WebSocketGateway()
class PingGateway {
  readonly handled: unknown[] = [];

  @SubscribeMessage(name)
  handleDefault() {
    this.handled.push(name);
    return { event: 'handled' };
  }

  @SubscribeMessage('alive')
  handleOwn() {
    this.handled.push('alive');
    return { event: 'handled' };
  }
}

const credentials = [fromAuthorizationHeader(), fromFirstMessage()];

describe('a ping of a client', () => {
  it('K7a: is answered with its own text, before any handler', async () => {
    await using app = await startProtected({}, [PingGateway]);
    await using client = await app.connectAs('alice');
    expect(await client.sendRaw(ping).next()).toBe(ping);
    expect(app.nest.get(PingGateway).handled).toEqual([]);
  });

  it('K7a: is not counted: a thousand leave every renewal', async () => {
    await using app = await startProtected({ credentials, maxReauthenticationsPerMinute: 1 });
    const headers = { authorization: `Bearer ${tokenOf('alice')}` };
    await using client = await app.connect('/', { headers }).opened();
    for (let count = 0; count < 1_000; count += 1) {
      client.sendRaw(ping);
    }
    for (let count = 0; count < 1_000; count += 1) {
      expect(await client.next()).toBe(ping);
    }
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  });

  it.each([`{"event": "${name}"}`, `{"event":"${name}","data":1}`, ` ${ping}`, Buffer.from(ping)])(
    'K7b: is of the application in any other form: %s',
    async (message) => {
      await using app = await startProtected({}, [PingGateway]);
      await using client = await app.connectAs('alice');
      expect(await client.sendRaw(message).nextEvent()).toMatchObject({ event: 'handled' });
    },
  );

  it('has the name that the options give it', async () => {
    await using app = await startProtected({ events: { ping: 'alive' } }, [PingGateway]);
    await using client = await app.connectAs('alice');
    expect(await client.sendRaw('{"event":"alive"}').next()).toBe('{"event":"alive"}');
    expect(await client.sendRaw(ping).nextEvent()).toMatchObject({ event: 'handled' });
    expect(app.nest.get(PingGateway).handled).toEqual([name]);
  });

  it('is not answered without a session: as the first message it holds no credential', async () => {
    await using app = await startProtected({ credentials });
    await using client = await app.connect().opened();
    client.sendRaw(ping);
    expect(await client.closed()).toMatchObject({ code: 3000, reason: 'credential required' });
    expect(client.unread).toEqual([]);
  });

  it('waits for the session, with all other messages, if it is sent before', async () => {
    await using app = await startProtected({ credentials });
    await using client = await app.connect().opened();
    client.emit('authenticate', { token: tokenOf('alice') }).sendRaw(ping);
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.next()).toBe(ping);
  });

  it('is a sign of life, and does not extend the session', async () => {
    await using app = await startProtected();
    await using client = await app.connectAs('alice');
    const serverSide = app.nest.get(EchoGateway).connected[0]!.client as GatedWebSocket;
    serverSide.wsAuthAlive = false;
    const before = client.session?.expiresAt;
    await client.sendRaw(ping).next();
    expect([serverSide.wsAuthAlive, client.session?.expiresAt]).toEqual([true, before]);
    expect(await client.expire()).toMatchObject({ code: 3000 });
  });
});
