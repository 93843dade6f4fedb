import type { IncomingMessage } from 'node:http';
import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromRequest, WsAuthModule } from 'nestjs-ws-auth';
import { Strategy } from 'passport-custom';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

const server = required('BETTER_AUTH_URL'); // https://app.example.com/api/auth

/** What `GET /get-session` answers; `null` without a session. */
type Session = {
  user: { id: string };
  session: { expiresAt: string };
} | null;

@Injectable()
class BetterAuthStrategy extends PassportStrategy(Strategy, 'better-auth') {
  async validate({ headers, signal }: IncomingMessage & { signal: AbortSignal }) {
    const { cookie = '' } = headers;
    const answer = await fetch(`${server}/get-session`, { headers: { cookie }, signal });
    if (!answer.ok) {
      throw new Error(`better-auth: ${answer.status}`); // 500: the client tries again later
    }
    const found = (await answer.json()) as Session;
    return found && { id: found.user.id, exp: Date.parse(found.session.expiresAt) / 1_000 };
  }
}

/** Sessions of better-auth, by its cookie. In the same process call `auth.api.getSession({ headers })` instead of `fetch()`. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'better-auth', credentials: [fromRequest()] })],
  providers: [BetterAuthStrategy, HelloGateway],
})
export class BetterAuthModule {}
