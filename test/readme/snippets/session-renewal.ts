import { Injectable } from '@nestjs/common';
import { WsAuthSessions } from 'nestjs-ws-auth';

@Injectable()
export class SessionRenewal {
  constructor(private readonly sessions: WsAuthSessions) {}

  renew(sessionId: string, user: { id: string }, exp: number) {
    return this.sessions.refresh(sessionId, user, { exp });
  }
}
