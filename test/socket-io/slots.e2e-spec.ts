import { WebSocketGateway } from '@nestjs/websockets';
import { Agent, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { fromCookie, fromFirstMessage, WsPublic } from '../../lib/index.js';
import { handshakeOf } from '../support/invariants.js';
import { patient } from '../support/patience.js';
import { RawPeer, transcriptOf, withWatchdog } from '../support/raw-peer.js';
import { tokenOf } from '../support/tokens.js';
import { turns } from '../support/turns.js';
import { startIo, type IoApp } from './support/io-app.js';
import { RootGateway } from './support/io-gateways.js';
import { ask, RawPolling, upgrade } from './support/raw-io.js';
import { until } from './support/until.js';

const target = '/socket.io/?EIO=4&transport=websocket';

describe('a client that is refused and does not answer the close frame', () => {
  it.each([
    ['for its credential', '40{"token":"bad"}'],
    ['for an event before its session', '42["x"]'],
    ['for a binary message', Buffer.from('x').toString()],
  ])('K6d: keeps its slot until its socket is closed, %s', async (_name, packet) => {
    await using app = await startIo({}, [RootGateway]);
    await using peer = new RawPeer(app.port).write(handshakeOf({ target }, app.port));
    await peer.opened();
    peer.send(packet);
    await peer.closed({ answer: false });
    expect(app.pending).toBe(1);
    await peer.disconnected();
    await until(() => app.pending === 0);
  });
});

/** Opens the WebSocket of a client of polling. */
function upgradeOf({ sid }: RawPolling, { port }: IoApp): RawPeer {
  return new RawPeer(port).write(handshakeOf({ target: `${target}&sid=${sid}` }, port));
}

describe('the WebSocket that a client of polling opens', () => {
  it('K6d: is the only one, and keeps the slot until it is closed', async () => {
    await using app = await startIo({}, [RootGateway]);
    const polling = await RawPolling.open(app.url);
    await using first = await upgradeOf(polling, app).opened();
    await using second = upgradeOf(polling, app);
    expect((await second.response()).status).toBe(429);
    await polling.post('1');
    await first.closed({ answer: false });
    expect(app.pending).toBe(1);
    await first.disconnected();
    await until(() => app.pending === 0);
  });

  it('K6d: may be opened again when it has closed', async () => {
    await using app = await startIo({}, [RootGateway]);
    const polling = await RawPolling.open(app.url);
    const first = await upgradeOf(polling, app).opened();
    await first[Symbol.asyncDispose]();
    const status = async () => {
      await using next = upgradeOf(polling, app);
      return (await next.response()).status;
    };
    await expect.poll(status).toBe(101);
  });

  it('K6: is ended if the client tries it twice', async () => {
    await using app = await startIo({}, [RootGateway]);
    const polling = await RawPolling.open(app.url);
    await using peer = await upgradeOf(polling, app).opened();
    peer.send('2probe').send('2probe').send('2probe');
    await peer.disconnected();
    expect(peer.received.toString('latin1').split('3probe')).toHaveLength(2);
  });
});

describe('an allowRequest of the application that answers by itself, and never calls back', () => {
  it('K6c: does not keep the slot of the request beyond the deadline', async () => {
    @WebSocketGateway({
      allowRequest: ({ res }: { readonly res: ServerResponse }) => void res.writeHead(403).end(),
    })
    class AnsweringGateway {}
    await using app = await startIo({ authTimeoutMs: patient(200) }, [AnsweringGateway]);
    expect((await fetch(RawPolling.urlOf(app.url))).status).toBe(403);
    await until(() => app.pending === 0);
  });
});

describe('a socket that a proxy keeps for the requests of many clients', () => {
  it('K6c: keeps nothing of the clients whose polling it has opened', async () => {
    await using app = await startIo({}, [RootGateway]);
    const sockets: Socket[] = [];
    app.nest.getHttpServer().on('connection', (socket: Socket) => sockets.push(socket));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const listeners: number[] = [];
    for (let count = 0; count < 20; count += 1) {
      const sent = request(RawPolling.urlOf(app.url), { agent });
      sent.end();
      const [response] = await once(sent, 'response');
      response.resume();
      await once(response, 'end');
      const [socket] = sockets;
      listeners.push(socket!.listenerCount('close') + socket!.listenerCount('end'));
    }
    agent.destroy();
    expect(sockets).toHaveLength(1);
    expect(new Set(listeners.slice(1)).size).toBe(1);
    expect(app.pending).toBe(20);
  });
});

describe('a predicate of origins', () => {
  it('K6c: that never answers ends the requests of a connection at the deadline, and is asked once', async () => {
    let asked = 0;
    await using app = await startIo(
      {
        authTimeoutMs: patient(400),
        credentials: [fromCookie('session'), fromFirstMessage()],
        allowedOrigins: (origin) => {
          if (origin === undefined) {
            return true;
          }
          asked += 1;
          return new Promise<boolean>(() => undefined);
        },
      },
      [RootGateway],
    );
    const polling = await RawPolling.open(app.url);
    await polling.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
    await until(() => app.sessions.count() === 1);
    const headers = { origin: app.url };
    const answers = await Promise.all(Array.from({ length: 10 }, () => polling.poll(headers)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 503));
    expect(asked).toBe(1);
    const many = ['http://a.test', 'http://b.test', 'http://c.test', 'http://d.test'].map(
      (origin) => polling.poll({ origin, 'sec-fetch-site': 'same-origin' }),
    );
    await Promise.all(many);
    expect(asked).toBe(4);
    // The owner, which sends no Origin, is not harmed.
    expect((await polling.poll()).status).toBe(200);
  });

  it('K6c: that has answered about four origins is asked about a fifth', async () => {
    await using app = await startIo(
      {
        credentials: [fromCookie('session'), fromFirstMessage()],
        allowedOrigins: async (origin) => origin === undefined || origin === 'http://e.test',
      },
      [RootGateway],
    );
    const polling = await RawPolling.open(app.url);
    await polling.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
    await until(() => app.sessions.count() === 1);
    const statuses: number[] = [];
    for (const host of ['a', 'b', 'c', 'd', 'e']) {
      const origin = `http://${host}.test`;
      const { status } = await polling.poll({ origin, 'sec-fetch-site': 'same-origin' });
      statuses.push(status);
    }
    expect(statuses).toEqual([403, 403, 403, 403, 200]);
  });
});

@WsPublic()
@WebSocketGateway()
class PublicGateway {
  readonly connected: object[] = [];

  handleConnection(client: object): void {
    this.connected.push(client);
  }
}

/** What a polling client may leave open when the application closes. */
const silences: Readonly<Record<string, (client: RawPolling) => Promise<unknown>>> = {
  'has not asked for a namespace': () => Promise.resolve(),
  'has a session and polls no more': (client) =>
    client.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]),
  'has left its namespace': async (client) => {
    await client.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
    await client.poll();
    await client.send(['1']);
    await client.poll();
  },
  'was refused': (client) => client.send(['0{"token":"bad"}']),
};

describe('an application that closes', () => {
  it.each(Object.entries(silences))(
    'K6e: does not wait for a polling client that %s',
    async (_name, prepare) => {
      const app = await startIo({ shutdownTimeoutMs: 300 }, [RootGateway]);
      const client = await RawPolling.open(app.url);
      await prepare(client);
      await withWatchdog(app.nest.close(), 'close() does not resolve');
    },
  );

  it('K6e: does not wait for a polling client that has fetched its end and polls no more', async () => {
    const app = await startIo({ shutdownTimeoutMs: 1_000 }, [RootGateway]);
    const client = await RawPolling.open(app.url);
    await client.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
    await client.poll();
    await until(() => app.sessions.count() === 1);
    const closed = app.nest.close();
    await until(() => app.sessions.count() === 0);
    await client.poll().catch(() => undefined);
    await withWatchdog(closed, 'close() does not resolve');
  });

  it.each([
    ['protected', RootGateway],
    ['public', PublicGateway],
  ])('K6e: does not wait for peers that are silent, on a %s server', async (_access, gateway) => {
    const app = await startIo({ shutdownTimeoutMs: 300 }, [gateway]);
    const silent = new RawPeer(app.port);
    const half = new RawPeer(app.port).write(
      'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHo',
    );
    const deaf = new RawPeer(app.port).write(handshakeOf({ target }, app.port));
    await deaf.opened();
    deaf.send(`40${JSON.stringify({ token: tokenOf('alice') })}`);
    await until(() => app.nest.get<{ connected: unknown[] }>(gateway).connected.length === 1);
    await withWatchdog(app.nest.close(), 'close() does not resolve');
    await Promise.all([silent, half, deaf].map((peer) => peer[Symbol.asyncDispose]()));
  });

  it('D1: refuses new connections with 503 until it has closed', async () => {
    const app = await startIo({ shutdownTimeoutMs: 1_000 }, [RootGateway]);
    // Its end waits for a poll.
    const client = await RawPolling.open(app.url);
    await client.send([`0${JSON.stringify({ token: tokenOf('alice') })}`]);
    await until(() => app.sessions.count() === 1);
    const closed = app.nest.close();
    await until(() => app.sessions.count() === 0);
    const { status, headers } = await ask(RawPolling.urlOf(app.url));
    expect([status, headers.connection]).toEqual([503, 'close']);
    expect((await upgrade(RawPolling.urlOf(app.url, '', 'websocket'))).status).toBe(503);
    await closed;
  });
});

describe('an upgrade behind a request that has yet to be answered', () => {
  it.each([
    ['a new connection', false],
    ['a connection that polls', true],
  ])('HS-25: is answered after it, of %s', async (_what, polls) => {
    const answers: ServerResponse[] = [];
    await using app = await startIo({}, [RootGateway], {
      prepare: (nest) =>
        nest.use((asked: { url: string }, response: ServerResponse, next: () => void) =>
          asked.url === '/slow' ? answers.push(response) : next(),
        ),
    });
    const sid = polls ? `&sid=${(await RawPolling.open(app.url)).sid}` : '';
    await using peer = new RawPeer(app.port)
      .write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n')
      .write(handshakeOf({ target: target + sid }, app.port));
    await until(() => answers.length === 1);
    await turns(20);
    expect(peer.received.toString()).toBe('');
    answers[0]!.end('slow');
    const statuses = () => transcriptOf(peer.received, false).responses.map(({ status }) => status);
    await until(() => statuses().length === 2);
    expect(statuses()).toEqual([200, 101]);
  });
});
