import {
  Controller,
  Delete,
  Headers,
  HttpCode,
  type MessageEvent,
  NotFoundException,
  Param,
  Req,
  Sse,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { WsAuthSessions } from 'nestjs-ws-auth';
import type { Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../auth/user.js';
import { UserEvents } from './user-events.service.js';

/** What the Sessions page asks of the server. Everybody sees and ends their own sessions, and no others. */
@UseGuards(AuthGuard('jwt'))
@Controller('sessions')
export class SessionsController {
  constructor(
    private readonly sessions: WsAuthSessions,
    private readonly events: UserEvents,
  ) {}

  /** The user's open sessions and what happens to them. The stream ends with the token, as a socket does. */
  @Sse('events')
  tell(
    @Req() { user }: AuthenticatedRequest,
    @Headers('last-event-id') last: string | undefined,
  ): Observable<MessageEvent> {
    return this.events.of({
      userId: user.username,
      until: new Date(user.exp * 1000),
      lastEventId: last === undefined ? undefined : Number(last),
    });
  }

  /** Ends one session and revokes its token. A session of another user is as unknown as one that does not exist. */
  @Delete(':sessionId')
  @HttpCode(204)
  async end(
    @Req() { user }: AuthenticatedRequest,
    @Param('sessionId') sessionId: string,
  ): Promise<void> {
    if (this.sessions.get(sessionId)?.userId !== user.username) throw new NotFoundException();
    await this.sessions.revoke({ sessionId });
  }

  /** Logs the user out everywhere: ends every session, and revokes every token issued so far. */
  @Delete()
  async endAll(@Req() { user }: AuthenticatedRequest): Promise<{ readonly closed: number }> {
    return { closed: await this.sessions.revoke({ userId: user.username }) };
  }
}
