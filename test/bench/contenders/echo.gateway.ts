import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { User } from './verify.js';

/** A client as handlers see it. */
export interface Client {
  readonly user?: User;
}

/** The same gateway in front of every way to authenticate that leaves the user on the client. */
@WebSocketGateway()
export class EchoGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown) {
    return { event: 'echo', data };
  }

  @SubscribeMessage('early')
  early(@MessageBody() n: unknown, @ConnectedSocket() client: Client) {
    return { event: 'early', data: { n, user: client.user?.id ?? null } };
  }
}
