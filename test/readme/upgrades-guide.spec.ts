import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';
import {
  fromAuthorizationHeader,
  fromQueryParam,
  protectUpgrades,
  WsAuthModule,
} from '../../lib/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { sessionsOf } from '../support/connections.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { useMqtt } from './snippets/upgrades-mqtt.js';
import { auth } from './snippets/upgrades-module.js';
import { useProxy } from './snippets/upgrades-proxy.js';
import { useEcho } from './snippets/upgrades-ws.js';
import { useYjs } from './snippets/upgrades-yjs.js';

type Prepare = (nest: INestApplication) => unknown;

function start(path: string, prepare: Prepare): Promise<TestApp> {
  const credentials = [fromAuthorizationHeader(), fromQueryParam('token')];
  const upgrades = [protectUpgrades({ path, credentials })];
  const imports = [WsAuthModule.forRoot({ strategy: 'jwt', upgrades })];
  return startApp({ imports, providers: [JwtStrategy] }, prepare);
}

/** A document of a user. The provider puts its parameters into the query. */
function join(app: TestApp, token: string) {
  const document = new Doc();
  const provider = new WebsocketProvider(app.url('/yjs'), 'room', document, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    params: { token },
    disableBc: true,
    maxBackoffTime: 50,
  });
  return { document, provider };
}

describe('lib/guides/other-servers.md', () => {
  it('protects a Yjs server: two users share a document, and a revoked one leaves it', async () => {
    await using app = await startApp({ imports: [auth], providers: [JwtStrategy] }, useYjs);
    const [alice, bob] = [join(app, tokenOf('alice')), join(app, tokenOf('bob'))];
    const stranger = join(app, 'forged');
    try {
      const refused = new Promise((resolve) => stranger.provider.once('connection-error', resolve));
      alice.document.getMap('notes').set('title', 'shared');
      await expect.poll(() => bob.document.getMap('notes').get('title')).toBe('shared');
      await refused;
      expect(stranger.document.getMap('notes').size).toBe(0);
      const left = new Promise((resolve) => bob.provider.once('connection-close', resolve));
      await sessionsOf(app).revoke({ userId: 'bob' });
      await left;
      alice.document.getMap('notes').set('title', 'secret');
      await expect.poll(() => bob.provider.wsconnected).toBe(false);
      expect(bob.document.getMap('notes').get('title')).toBe('shared');
    } finally {
      [alice, bob, stranger].forEach(({ provider }) => provider.destroy());
    }
  });

  it('protects an MQTT broker, whose hooks know the user', async () => {
    await using app = await start('/mqtt', useMqtt);
    const connect = (token: string) =>
      connectAsync(app.url('/mqtt'), { wsOptions: bearer(token), reconnectPeriod: 0 }, false);
    await expect(connect('forged')).rejects.toThrow("Couldn't connect");
    const [alice, bob] = [await connect(tokenOf('alice')), await connect(tokenOf('bob'))];
    await bob.subscribeAsync('alice/#');
    const received = new Promise((resolve) =>
      bob.once('message', (topic, payload) => resolve([topic, String(payload)])),
    );
    await alice.publishAsync('alice/heat', '21', { qos: 1 });
    expect(await received).toEqual(['alice/heat', '21']);
    const closed = new Promise<void>((resolve) => bob.once('close', () => resolve()));
    await sessionsOf(app).revoke({ userId: 'bob' });
    await closed;
    await alice.endAsync(true);
  });

  it('protects what is behind a proxy, which learns the user and no credential', async () => {
    const behind = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(behind, 'listening');
    behind.on('connection', (client, { headers }) => {
      client.send(JSON.stringify({ event: 'headers', data: headers }));
    });
    const { port } = behind.address() as AddressInfo;
    {
      await using app = await start('/devices', (nest) => useProxy(nest, `ws://127.0.0.1:${port}`));
      expect((await app.connect('/devices').refusal()).status).toBe(401);
      const token = tokenOf('alice');
      const headers = { authorization: `Bearer ${token}`, 'x-user-id': 'root' };
      const client = await app.connect('/devices', { headers }).opened();
      const { data } = await client.nextEvent();
      expect(data).toMatchObject({ 'x-user-id': 'alice' });
      expect(JSON.stringify(data)).not.toContain(token);
      const gone = once([...behind.clients][0]!, 'close');
      await sessionsOf(app).revoke({ userId: 'alice' });
      await client.closed();
      await gone;
    }
    behind.close();
  });

  it('protects a server of ws', async () => {
    await using app = await start('/echo', useEcho);
    expect((await app.connect('/echo', bearer('forged')).refusal()).status).toBe(401);
    const client = await app.connect('/echo', bearer()).opened();
    expect(await client.next()).toMatch(/^until \d+$/);
    client.socket.send('hello');
    expect(await client.next()).toBe('alice: hello');
  });
});
