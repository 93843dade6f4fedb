import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { firstMessage, queryParam, subprotocol } from '../../lib/client.js';
import {
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  WsAuthEvents,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';
import { scripted } from './scripted-socket.js';

afterEach(() => vi.unstubAllGlobals());

const token = () => tokenOf('alice');

const credentials: WsCredentialExtractor[] = [
  fromFirstMessage(),
  fromQueryParam('token'),
  fromSubprotocol(),
];

/** The part of a window that the client listens to. */
function stubPage(): EventTarget {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  return page;
}

/** Opens a client whose connection passes nothing on any more, although both sides take it for open. */
async function stranded(app: TestApp, proxy: TcpProxy, options: object) {
  const url = `ws://127.0.0.1:${proxy.port}/`;
  const witness = await app.connectTo(url).opened();
  const client = new ObservedSocket(url, { token, ...options });
  await client.next('open');
  proxy.strandAllButFirst();
  return { client, witness };
}

describe('a client that looks whether its server is still there', () => {
  const ways = [
    ['a first message', firstMessage()],
    ['a query parameter', queryParam()],
    ['a subprotocol', subprotocol()],
  ] as const;

  it.each(ways)(
    'K7a: is not closed for it, however often a page is online again, for a user without a key: %s',
    async (_name, via) => {
      const page = stubPage();
      await using app = await startProtected({
        credentials,
        userId: () => undefined,
        maxReauthenticationsPerMinute: 1,
      });
      await using client = new ObservedSocket(app.url(), { token, via });
      await client.next('open');
      for (let times = 0; times < 31; times += 1) {
        page.dispatchEvent(new Event('online'));
        page.dispatchEvent(new Event('visibilitychange'));
        expect(await client.ask('echo', times)).toBe(times);
      }
      expect(client.told).not.toContain('session');
      expect(client.socket.state).toBe('open');
      expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
    },
  );

  it('K7b: keeps the answer to itself, also under another name', async () => {
    const page = stubPage();
    const events = { ping: 'alive' };
    await using app = await startProtected({ events });
    await using client = new ObservedSocket(app.url(), { token, events });
    await client.next('open');
    page.dispatchEvent(new Event('online'));
    expect(await client.ask('echo', 1)).toBe(1);
    expect(client.history.filter((type) => type === 'message')).toHaveLength(1);
  });

  it.each([
    ['by its heartbeat', { heartbeatMs: 50 }, undefined],
    [
      'by its heartbeat, with a token in the handshake',
      { heartbeatMs: 50, via: queryParam() },
      undefined,
    ],
    ['when a page is online again', {}, 'online'],
    ['when a page is seen again', {}, 'visibilitychange'],
    ['when a page is online again, with a token in the handshake', { via: queryParam() }, 'online'],
  ])('K7m: notices a half-open connection %s', async (_name, options, event) => {
    const page = stubPage();
    await using app = await startProtected({ credentials });
    await using proxy = await TcpProxy.to(app.port);
    const { client, witness } = await stranded(app, proxy, { timeoutMs: 200, ...options });
    await using _witness = witness;
    await using _client = client;
    if (event) page.dispatchEvent(new Event(event));
    expect(await client.next('waiting')).toMatchObject({ code: 1006, reason: 'no answer' });
    await client.next('open');
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('K7m: does not wait for the answer of a dead peer when it is closed', async () => {
    await using app = await startProtected();
    await using proxy = await TcpProxy.to(app.port);
    const { client, witness } = await stranded(app, proxy, { timeoutMs: 100 });
    await using _witness = witness;
    await using _client = client;
    client.socket.close();
    expect(client.socket.readyState).toBe(client.socket.CLOSING);
    expect(await client.next('close')).toMatchObject({ code: 1006, reason: 'no answer' });
  });

  it('K7m: sends nothing with a heartbeat of 0, for servers that do not answer', async () => {
    const page = stubPage();
    const { WebSocket, socket } = scripted();
    await using client = new ObservedSocket('ws://127.0.0.1:9/', {
      token,
      WebSocket,
      heartbeatMs: 0,
    });
    const connection = await socket(0);
    connection.open();
    await client.next('authenticating');
    connection.authenticate(3_600_000);
    page.dispatchEvent(new Event('online'));
    expect(connection.sent).toHaveLength(1);
  });
});

describe('an attempt that hangs', () => {
  it.each(['its connection', 'its upgrade'])(
    'K7j: with %s is replaced as soon as the page is online again',
    async (what) => {
      const page = stubPage();
      const hanging: Socket[] = [];
      const mute = createServer((each) => hanging.push(each)).listen(0, '127.0.0.1');
      await once(mute, 'listening');
      const { port } = mute.address() as AddressInfo;
      const { WebSocket, socket, made } = scripted();
      const url = `ws://127.0.0.1:${port}/`;
      const scriptedOnly = what === 'its connection' ? { WebSocket } : {};
      await using client = new ObservedSocket(url, {
        token,
        timeoutMs: Infinity,
        ...scriptedOnly,
      });
      await client.next('connecting');
      await (what === 'its connection' ? socket(0) : once(mute, 'connection'));
      page.dispatchEvent(new Event('visibilitychange'));
      expect(client.told).toEqual(['connecting']);
      page.dispatchEvent(new Event('online'));
      await client.next('connecting');
      await (what === 'its connection' ? socket(1) : once(mute, 'connection'));
      expect(client.told).toEqual(['connecting', 'connecting']);
      expect(made.map(({ readyState }) => readyState)).toEqual(
        what === 'its connection' ? [3, 0] : [],
      );
      client.close();
      hanging.forEach((each) => each.destroy());
      await once(mute.close(), 'close');
    },
  );

  it('K7j: while the server judges the token is replaced as well', async () => {
    const page = stubPage();
    const { WebSocket, socket } = scripted();
    await using client = new ObservedSocket('ws://127.0.0.1:9/', { token, WebSocket });
    (await socket(0)).open();
    await client.next('authenticating');
    page.dispatchEvent(new Event('online'));
    const second = await socket(1);
    second.open();
    await client.next('authenticating');
    second.authenticate(3_600_000);
    await client.next('open');
    expect(client.told).not.toContain('waiting');
  });
});

describe('a gateway with events of the same names', () => {
  it.each(['expiring', 'authenticated'])(
    'K7b: keeps its client, which receives every %s of the gateway',
    async (event) => {
      await using app = await startProtected({ credentials });
      await using client = new ObservedSocket(app.url(), { token, via: queryParam() });
      await client.next('open');
      const renewed = vi.fn();
      app.nest.get(WsAuthEvents).on('reauthenticated', renewed);
      const { client: serverSide } = app.nest.get(EchoGateway).connected[0]!;
      for (let auction = 0; auction < 40; auction += 1) {
        const message = JSON.stringify({ event, data: { auction } });
        serverSide.send(message);
        expect((await client.next('message')).data).toBe(message);
      }
      expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
      expect(renewed).not.toHaveBeenCalled();
      expect(client.told).not.toContain('session');
    },
  );

  it('K7b: is not renewed without end by messages that look like those of the protocol', async () => {
    await using app = await startProtected({ credentials });
    await using client = new ObservedSocket(app.url(), { token });
    await client.next('open');
    const { client: serverSide } = app.nest.get(EchoGateway).connected[0]!;
    for (let times = 0; times < 40; times += 1) {
      serverSide.send(`{"event":"expiring","data":{"expiresAt":${Date.now() + times}}}`);
    }
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(client.socket.state).toBe('open');
  });

  it('K7b: does not open a socket before its session', async () => {
    const { WebSocket, socket } = scripted();
    await using client = new ObservedSocket('ws://127.0.0.1:9/', { token, WebSocket });
    const connection = await socket(0);
    connection.open();
    const data = '{"event":"expiring","data":{"expiresAt":1}}';
    connection.fire('message', { data });
    expect((await client.next('message')).data).toBe(data);
    expect(client.socket.state).not.toBe('open');
  });
});
