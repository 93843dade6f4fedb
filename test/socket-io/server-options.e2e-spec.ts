import { EventEmitter, once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { WebSocketGateway } from '@nestjs/websockets';
import type { Server, Socket } from 'socket.io';
import { describe, expect, it, vi } from 'vitest';
import { fromFirstMessage, fromQueryParam, WsPublic } from '../../lib/index.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { messagePackParser, notepack } from '../support/message-pack.js';
import { tokenOf } from '../support/tokens.js';
import { startIo } from './support/io-app.js';
import { openIo } from './support/io-client.js';
import { IoEcho } from './support/io-gateways.js';
import { ask, RawPolling, RawWebSocket, upgrade } from './support/raw-io.js';
import { until } from './support/until.js';

const auth = { token: tokenOf('alice') };

/** A parser that checks nothing, as that of MessagePack. */
const parser = {
  Encoder: class {
    encode(packet: object): string[] {
      return [JSON.stringify(packet)];
    }
  },
  Decoder: class extends EventEmitter {
    add(text: string): void {
      this.emit('decoded', JSON.parse(text));
    }

    destroy(): void {}
  },
};

@WebSocketGateway({ parser })
class ParserGateway extends IoEcho {}

@WsPublic()
@WebSocketGateway({ parser })
class PublicParserGateway extends IoEcho {
  override handleConnection(client: Socket): void {
    this.connected.push(client);
  }
}

const reserved = 'connect connect_error disconnect disconnecting newListener removeListener'.split(
  ' ',
);

describe.each([ParserGateway, PublicParserGateway])(
  'a parser of the application, of %o',
  (gateway) => {
    it.each([...reserved, ['disconnect'], [['authenticate']]].map((name) => [name]))(
      'K12d: accepts no event %j from a client, as that of Socket.IO',
      async (name) => {
        await using app = await startIo({}, [gateway]);
        using client = openIo(app.url, { transports: ['websocket'], auth, parser });
        await client.connected();
        const { disconnected } = app.nest.get(gateway);
        client.socket.io.engine.write(
          JSON.stringify({ type: 2, nsp: '/', data: [name, 'forged'] }),
        );
        await client.disconnected();
        await until(() => disconnected.length === 1);
        expect(disconnected[0]!.connected).toBe(false);
      },
    );
  },
);

@WebSocketGateway({ parser: messagePackParser })
class MessagePackGateway extends IoEcho {}

@WsPublic()
@WebSocketGateway({ parser: messagePackParser })
class PublicMessagePackGateway extends IoEcho {
  override handleConnection(client: Socket): void {
    this.connected.push(client);
  }
}

describe.each([MessagePackGateway, PublicMessagePackGateway])(
  'a parser of MessagePack, of %o',
  (gateway) => {
    /** Lists in lists, each of 56,540 values: 150 MB. */
    const lists = Buffer.alloc(1_024, 0xdc);

    it('K6b: decodes no packet that announces more than it holds', async () => {
      const decode = vi.spyOn(notepack, 'decode');
      await using app = await startIo({}, [gateway]);
      const polling = await RawPolling.open(app.url);
      decode.mockClear();
      await polling.post(`b${lists.toString('base64')}`);
      using stranger = await new RawWebSocket(app.url).opened();
      stranger.send(lists);
      await stranger.closed;
      using client = openIo(app.url, {
        transports: ['websocket'],
        auth,
        parser: messagePackParser,
      });
      await client.connected();
      expect(decode.mock.calls.map(([data]) => data)).not.toContainEqual(lists);
      await expect(client.ask('echo', { list: [1, 'x'] })).resolves.toEqual({ list: [1, 'x'] });
      client.socket.io.engine.write(lists);
      await client.disconnected();
      expect(decode.mock.calls.map(([data]) => data)).not.toContainEqual(lists);
      decode.mockRestore();
    });
  },
);

describe('a listener of raw packets', () => {
  it('LG-01: sees none with a token, whatever the parser', async () => {
    const shown: unknown[] = [];
    @WebSocketGateway({ parser })
    class Gateway extends IoEcho {
      override handleConnection({ conn }: Socket): void {
        for (const event of ['packet', 'message']) {
          (conn as unknown as EventEmitter).on(event, (packet: unknown) => shown.push(packet));
        }
      }
    }
    @WebSocketGateway({ parser, namespace: 'chat' })
    class Chat extends IoEcho {}
    await using app = await startIo({}, [Gateway, Chat]);
    using client = openIo(app.url, { transports: ['websocket'], auth, parser });
    await client.connected();
    await app.also(client, '/chat', { token: tokenOf('alice', { jti: 'other' }) }).connected();
    await client.ask('authenticate', auth);
    expect(JSON.stringify(shown)).not.toContain('eyJ');
  });
});

describe('perMessageDeflate', () => {
  it('K12a: inflates no more than a packet may have before authentication', async () => {
    const bounds: unknown[] = [];
    @WebSocketGateway({ perMessageDeflate: true, maxHttpBufferSize: 100_000_000 })
    class Gateway extends IoEcho {
      override handleConnection(client: Socket): void {
        this.connected.push(client);
        bounds.push(boundsOf(client.conn));
      }

      afterInit({ engine }: Server): void {
        (engine as unknown as EventEmitter).on('connection', (conn: object) => {
          bounds.push(boundsOf(conn));
        });
      }
    }
    await using app = await startIo({}, [Gateway]);
    using client = await new RawWebSocket(app.url).opened();
    client.send(`40${JSON.stringify(auth)}`);
    await client.next('40');
    const small = 4 * (8_192 + 256);
    expect(bounds).toEqual([
      [small, small],
      [100_000_000, 100_000_000],
    ]);
  });
});

/** Bytes that a client may send in one message, and that they may inflate to. */
function boundsOf(conn: object): readonly unknown[] {
  const { transport } = conn as {
    readonly transport: {
      readonly socket: {
        readonly _receiver: { readonly _maxPayload: number };
        readonly _extensions: { readonly 'permessage-deflate': { readonly _maxPayload: number } };
      };
    };
  };
  const { _receiver: receiver, _extensions: extensions } = transport.socket;
  return [receiver._maxPayload, extensions['permessage-deflate']._maxPayload];
}

describe('a request that listeners of the engine see', () => {
  it.each(['connection_error', 'headers'])(
    'LG-01: holds no token in its query, in %s',
    async (event) => {
      const shown: unknown[] = [];
      @WebSocketGateway()
      class Gateway extends IoEcho {
        afterInit({ engine }: Server): void {
          (engine as unknown as EventEmitter).on(event, (...args: object[]) => {
            const { req } = args[0] as { readonly req?: object };
            const { url, _query } = (req ?? args[1]) as IncomingMessage & { _query: object };
            shown.push([url, { ..._query }]);
          });
        }
      }
      const credentials = [fromQueryParam('token'), fromFirstMessage()];
      await using app = await startIo({ credentials }, [Gateway]);
      const query = `&token=${auth.token}`;
      const polling = await RawPolling.open(app.url, { query });
      await polling.send(['40']);
      await polling.packets();
      for (const rest of ['&sid=unknown', '&transport=unknown', '&EIO=3']) {
        await ask(RawPolling.urlOf(app.url, query + rest));
      }
      expect(shown.length).toBeGreaterThan(1);
      expect(JSON.stringify(shown)).toContain('REDACTED');
      expect(JSON.stringify(shown)).not.toContain(auth.token);
    },
  );
});

/** Members that adapters call with the events of other servers. */
interface ServerSide {
  _onServerSideEmit(args: readonly unknown[]): void;
}

const noop = () => undefined;

describe('a listener of events of other servers', () => {
  it.each(['throws', 'rejects'])('K12d: that %s harms no client', async (how) => {
    @WebSocketGateway()
    class Gateway extends IoEcho {
      afterInit(server: Server): void {
        (server as unknown as EventEmitter).on('kick', () => {
          const error = new Error('SECRET');
          if (how === 'rejects') {
            return Promise.reject(error);
          }
          throw error;
        });
      }
    }
    const lines: string[] = [];
    const error = (line: unknown) => void lines.push(String(line));
    const logger = { log: noop, warn: noop, debug: noop, error };
    await using app = await startIo({}, [Gateway], { logger });
    const client = await app.open('websocket', { auth }).connected();
    const { server } = app.nest.get(Gateway);
    (server.sockets as unknown as ServerSide)._onServerSideEmit(['kick', null]);
    expect(await client.ask('echo', 1)).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^a listener of "kick" threw: Error/)]);
    expect(lines[0]).not.toContain('SECRET');
  });
});

@WebSocketGateway({ path: '/one', destroyUpgradeTimeout: 1 })
class OneGateway extends IoEcho {}

@WebSocketGateway({ path: '/two', destroyUpgradeTimeout: 1 })
class TwoGateway extends IoEcho {}

@WebSocketGateway({ transports: ['polling'] })
class PollingGateway extends IoEcho {}

@WsPublic()
@WebSocketGateway({ transports: ['polling'] })
class PublicPollingGateway extends IoEcho {}

describe('an upgrade', () => {
  it('K6a: is not ended by another server of gateways while a strategy decides', async () => {
    const strategy = new DeferredStrategy();
    const providers = [OneGateway, TwoGateway, strategy.provider];
    await using app = await startIo({ strategy: 'deferred' }, providers);
    const extraHeaders = { authorization: 'Bearer slow' };
    const clients = ['/one', '/two'].map((path) => app.open('websocket', { path, extraHeaders }));
    await strategy.asked(2);
    await expect(upgrade(`${app.url}/elsewhere`)).rejects.toThrow('socket hang up');
    strategy.decide({ id: 'alice' });
    strategy.decide({ id: 'alice' });
    await Promise.all(clients.map((client) => client.connected()));
  });

  it('K6a: holds no socket on which another request was answered before', async () => {
    await using app = await startIo({}, [OneGateway]);
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.write(
      'GET /elsewhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await once(socket.resume(), 'close');
  });

  it.each([PollingGateway, PublicPollingGateway])(
    'K6a: is a request like any other for a server of polling alone, as Java asks for HTTP/2: %o',
    async (gateway) => {
      await using app = await startIo({}, [gateway]);
      const headers = { connection: 'Upgrade', upgrade: 'h2c' };
      const [response] = await once(get(`${app.url}/elsewhere`, { headers }), 'response');
      expect((response as IncomingMessage).resume().statusCode).toBe(404);
    },
  );
});
