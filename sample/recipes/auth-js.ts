import type { IncomingMessage } from 'node:http';
import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromRequest, WsAuthModule } from 'nestjs-ws-auth';
import { Strategy } from 'passport-custom';
import { required } from './environment.js';
import { HelloGateway } from './hello.gateway.js';

const server = required('AUTH_JS_URL'); // https://app.example.com/api/auth

/** What `GET /session` answers; `null` or `{}` without a session. */
type Session = { user?: { email?: string }; expires?: string } | null;

@Injectable()
class AuthJsStrategy extends PassportStrategy(Strategy, 'auth-js') {
  async validate({ headers, signal }: IncomingMessage & { signal: AbortSignal }) {
    const { cookie = '' } = headers;
    const answer = await fetch(`${server}/session`, { headers: { cookie }, signal });
    if (!answer.ok) {
      throw new Error(`auth-js: ${answer.status}`); // 500: the client tries again later
    }
    const { user, expires = '' } = ((await answer.json()) as Session) ?? {};
    return user?.email !== undefined && { id: user.email, exp: Date.parse(expires) / 1_000 };
  }
}

/** Sessions of Auth.js, by its cookie, whichever strategy it keeps them with. Add an `id` in its `session` callback if you have one. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'auth-js', credentials: [fromRequest()] })],
  providers: [AuthJsStrategy, HelloGateway],
})
export class AuthJsModule {}
