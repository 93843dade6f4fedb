import { Injectable } from '@nestjs/common';
import { WsAuthSessions } from 'nestjs-ws-auth';
import type { WebSocket } from 'ws';

@Injectable()
export class Notices {
  constructor(private readonly sessions: WsAuthSessions) {}

  /** Sends to all devices of the user that are connected to this node. Returns how many they were. */
  send(userId: string, text: string): number {
    const clients = this.sessions.clientsOf<WebSocket>(userId);
    for (const client of clients) {
      client.send(JSON.stringify({ event: 'notice', data: text }));
    }
    return clients.length;
  }
}
