import {
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import type { Contender } from './contender.js';
import { sessionCommands, startOurs } from './ours.js';

/** Puts a method of the prototype back in place of what this package has put on an object. */
function restore<Key extends PropertyKey>(object: Record<Key, unknown>, key: Key): void {
  object[key] = (Object.getPrototypeOf(object) as Record<Key, unknown>)[key];
}

/** This package without one of its patches of `ws`: what the patch is worth. */
function without(unpatch: (client: WebSocket) => void): Contender {
  @WebSocketGateway()
  class Gateway implements OnGatewayConnection {
    handleConnection(client: WebSocket): void {
      unpatch(client);
    }

    @SubscribeMessage('echo')
    echo(@MessageBody() data: unknown) {
      return { event: 'echo', data };
    }
  }
  return async (settings) => {
    const { app, port } = await startOurs(settings, { strategy: 'jwt' }, Gateway);
    return { port, commands: sessionCommands(app) };
  };
}

export const oursWithoutQuickEnd = without((client) => {
  const { _receiver, _socket } = client as unknown as Record<
    '_receiver' | '_socket',
    { end: unknown }
  >;
  restore(_receiver, 'end');
  restore(_socket, 'end');
});
