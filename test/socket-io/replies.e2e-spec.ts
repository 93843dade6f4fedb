import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type WsResponse,
} from '@nestjs/websockets';
import { map, Observable, of, throwError } from 'rxjs';
import type { Socket } from 'socket.io';
import { describe, expect, it, vi } from 'vitest';
import { WsPublic } from '../../lib/index.js';
import { WsAuthIoAdapter } from '../../lib/socket-io.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo } from './support/io-app.js';

const circular: Record<string, unknown> = {};
circular['self'] = circular;

/** Replies that cannot be sent. Stock `IoAdapter` ends the process with each of them. */
class RelayGateway {
  /** As chats do: the client chooses the event. */
  @SubscribeMessage('relay')
  relay(@MessageBody() message: WsResponse<unknown>): WsResponse<unknown> {
    return message;
  }

  @SubscribeMessage('stream')
  stream(@MessageBody() message: WsResponse<unknown>): Observable<WsResponse<unknown>> {
    return of(message, { event: 'next', data: 1 });
  }

  @SubscribeMessage('bigint')
  bigint(): WsResponse<unknown> {
    return { event: 'bigint', data: 1n };
  }

  @SubscribeMessage('circular')
  circular(): WsResponse<unknown> {
    return { event: 'circular', data: circular };
  }

  @SubscribeMessage('acknowledged')
  acknowledged(): unknown {
    return { id: 1n };
  }

  @SubscribeMessage('accessor')
  accessor(): unknown {
    return {
      get event(): string {
        throw new Error('SECRET');
      },
    };
  }

  @SubscribeMessage('failing')
  failing(): Observable<never> {
    return throwError(() => new Error('SECRET'));
  }

  @SubscribeMessage('none')
  none(): null {
    return null;
  }

  @SubscribeMessage('answer')
  answer(@MessageBody() value: number): number {
    return value + 1;
  }
}

@WebSocketGateway()
class ProtectedRelay extends RelayGateway {}

@WsPublic()
@WebSocketGateway()
class PublicRelay extends RelayGateway {}

const events: readonly [string, unknown?][] = [
  ...['connect', 'disconnect', 'disconnecting', 'connect_error', 'newListener'].flatMap(
    (event): [string, unknown][] => [
      ['relay', { event }],
      ['stream', { event }],
    ],
  ),
  ['bigint'],
  ['circular'],
  ['acknowledged'],
  ['accessor'],
  ['failing'],
  ['none'],
];

describe.each([ProtectedRelay, PublicRelay])('a reply of %o', (gateway) => {
  it.each(ioTransports)(
    'K12d: that cannot be sent ends neither the process nor its client, by %s',
    async (transport) => {
      await using app = await startIo({}, [gateway]);
      const client = await app.open(transport, { auth: { token: tokenOf('alice') } }).connected();
      for (const [event, data] of events) {
        client.socket.emit(event, data);
        client.socket.emit(event, data, () => undefined);
        expect([event, await client.ask('answer', 1)]).toEqual([event, 2]);
      }
      client.socket.emit('relay', { event: 'relayed', data: 1 });
      expect(await client.next('relayed')).toEqual([1]);
      expect(client.socket.connected).toBe(true);
    },
  );
});

let going = 0;

/** A reply that never ends by itself. */
const endless = new Observable<object>((subscriber) => {
  going += 1;
  subscriber.next({ event: 'begun' });
  return () => void (going -= 1);
});

@WebSocketGateway()
class EndlessGateway {
  client: Socket | undefined;
  release: () => void = () => undefined;

  @SubscribeMessage('endless')
  endless(@ConnectedSocket() client: Socket): Observable<object> {
    this.client = client;
    return endless;
  }

  @SubscribeMessage('late')
  async late(@ConnectedSocket() client: Socket): Promise<Observable<object>> {
    this.client = client;
    await new Promise<void>((resolve) => (this.release = resolve));
    return endless;
  }
}

it.each(ioTransports)(
  'replies that go on need one listener for all, and end with their client, by %s',
  async (transport) => {
    await using app = await startIo({}, [EndlessGateway]);
    const gateway = app.nest.get(EndlessGateway);
    const client = await app.open(transport, { auth: { token: tokenOf('alice') } }).connected();
    client.socket.emit('endless');
    await client.next('begun');
    const listeners = gateway.client!.listenerCount('disconnect');
    for (let each = 0; each < 20; each += 1) {
      client.socket.emit('endless');
      await client.next('begun');
    }
    expect([going, gateway.client!.listenerCount('disconnect')]).toEqual([21, listeners]);
    client.socket.disconnect();
    await vi.waitUntil(() => going === 0);
  },
);

it('a reply does not begin when its client has left', async () => {
  await using app = await startIo({}, [EndlessGateway]);
  const gateway = app.nest.get(EndlessGateway);
  const { release } = gateway;
  const client = await app.open('websocket', { auth: { token: tokenOf('alice') } }).connected();
  client.socket.emit('late');
  await vi.waitUntil(() => gateway.release !== release);
  client.socket.disconnect();
  await vi.waitUntil(() => gateway.client!.disconnected);
  gateway.release();
  await new Promise(setImmediate);
  expect(going).toBe(0);
});

it.each(ioTransports)(
  'a mapPayload() that throws concerns its message alone, by %s',
  async (transport) => {
    @WebSocketGateway()
    class Gateway {
      @SubscribeMessage('echo')
      echo(@MessageBody() data: unknown): unknown {
        return { read: data };
      }
    }
    class Adapter extends WsAuthIoAdapter {
      override mapPayload(payload: unknown) {
        if (payload === 'bad') {
          throw new Error('it is bad');
        }
        return super.mapPayload(payload);
      }
    }
    await using app = await startIo({}, [Gateway], {
      prepare: (nest) => nest.useWebSocketAdapter(new Adapter(nest)),
    });
    const client = await app.open(transport, { auth: { token: tokenOf('alice') } }).connected();
    client.socket.emit('echo', 'bad');
    await expect(client.ask('echo', 'good')).resolves.toEqual({ read: 'good' });
  },
);

@WebSocketGateway()
class LeavingGateway {
  readonly order: string[] = [];

  @SubscribeMessage('plain')
  plain(@MessageBody() data: unknown): unknown {
    return data;
  }

  handleDisconnect(): void {
    this.order.push('handleDisconnect');
  }

  @SubscribeMessage('disconnect')
  left(): void {
    this.order.push('handler');
  }

  @SubscribeMessage('endless')
  endless(): Observable<object> {
    return new Observable((subscriber) => {
      subscriber.next({ event: 'begun' });
      return () => this.order.push('reply ended');
    });
  }
}

@WsPublic()
@WebSocketGateway()
class PublicLeavingGateway extends LeavingGateway {}

it.each([LeavingGateway, PublicLeavingGateway])(
  'no handler of %o runs for a client that has left, and its replies end before handleDisconnect, as with IoAdapter',
  async (gateway) => {
    await using app = await startIo({}, [gateway]);
    const { order } = app.nest.get(gateway);
    const client = await app.open('websocket', { auth: { token: tokenOf('alice') } }).connected();
    client.socket.emit('endless');
    await client.next('begun');
    client.socket.disconnect();
    await vi.waitUntil(() => order.includes('handleDisconnect'));
    await new Promise(setImmediate);
    expect(order).toEqual(['reply ended', 'handleDisconnect']);
  },
);

/** Changes what handlers return. */
class SealingAdapter extends WsAuthIoAdapter {
  override bindMessageHandlers(
    ...[socket, handlers, transform]: Parameters<WsAuthIoAdapter['bindMessageHandlers']>
  ): void {
    super.bindMessageHandlers(socket, handlers, (result) =>
      (transform(result) as Observable<object>).pipe(map((reply) => ({ ...reply, sealed: true }))),
    );
  }
}

it('a derived adapter changes replies as it would if it extended IoAdapter', async () => {
  await using app = await startIo({}, [LeavingGateway], {
    prepare: (nest) => nest.useWebSocketAdapter(new SealingAdapter(nest)),
  });
  const client = await app.open('websocket', { auth: { token: tokenOf('alice') } }).connected();
  await expect(client.ask('plain', { text: 1 })).resolves.toEqual({ text: 1, sealed: true });
});
