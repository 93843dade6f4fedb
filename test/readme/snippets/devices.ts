import { Injectable } from '@nestjs/common';
import { WsAuthSessions } from 'nestjs-ws-auth';

@Injectable()
export class Devices {
  constructor(private readonly sessions: WsAuthSessions) {}

  list(userId: string) {
    return this.sessions
      .ofUser(userId)
      .map(({ id, extractor, expiresAt }) => ({ id, extractor, expiresAt }));
  }

  /** Closes one socket; its credential stays valid. */
  close(sessionId: string) {
    return this.sessions.disconnect({ sessionId });
  }

  /** Closes all sockets of the user but the one that asks, and refuses their credentials from now on. */
  logOutElsewhere(userId: string, exceptSessionId: string) {
    return this.sessions.revoke({ userId }, { exceptSessionId });
  }
}
