import {
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  type OnGatewayConnection,
} from '@nestjs/websockets';
import type { Contender } from './contender.js';
import { sessionCommands, startOurs } from './ours.js';

@WebSocketGateway()
class HookedGateway implements OnGatewayConnection {
  connected = 0;

  handleConnection(): void {
    this.connected += 1;
  }

  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return { event: 'echo', data };
  }
}

/** This package in front of a gateway whose `handleConnection` is synchronous. */
export const oursWithHook: Contender = async (settings) => {
  const { app, port } = await startOurs(settings, { strategy: 'jwt' }, HookedGateway);
  return { port, commands: sessionCommands(app) };
};
