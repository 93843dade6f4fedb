import type { OnGatewayConnection } from '@nestjs/websockets';
import { userOf } from 'nestjs-ws-auth';
import type { WebSocket } from 'ws';
import type { User } from '../auth/user.js';

/**
 * The conversation of the experiment: the server sends `Hello <user>!`, the client answers
 * `Goodbye <user>.`, the server closes with 1000.
 *
 * Nothing here authenticates. `handleConnection` runs for authenticated clients only; how they got
 * that far is up to the decorator of each gateway.
 */
export abstract class GreetingGateway implements OnGatewayConnection<WebSocket> {
  handleConnection(client: WebSocket): void {
    const { username } = userOf<User>(client);
    client.once('message', () => client.close(1000));
    client.send(`Hello ${username}!`);
  }
}
