import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromAuthorizationHeader, WsAuthModule } from 'nestjs-ws-auth';
import { Strategy as PassportAnonymousStrategy } from 'passport-anonymous';
import { Strategy as PassportBearerStrategy } from 'passport-http-bearer';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class BearerStrategy extends PassportStrategy(PassportBearerStrategy) {
  validate(token: string) {
    return token === 'token-of-carol' && { id: 'carol' };
  }
}

@Injectable()
class AnonymousStrategy extends PassportStrategy(PassportAnonymousStrategy) {
  validate(): never {
    throw new Error('the strategy asks for no credential');
  }
}

/**
 * Clients without a credential get an anonymous session, whose user is `null`. It is `optional` that lets them in: the
 * strategy may stay in the list, and a bad credential is refused all the same.
 */
@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: ['bearer', 'anonymous'],
      credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })],
      optional: true,
    }),
  ],
  providers: [BearerStrategy, AnonymousStrategy, HelloGateway],
})
export class AnonymousModule {}
