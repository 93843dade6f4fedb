import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromFirstMessage, fromRequest, WsAuthModule } from 'nestjs-ws-auth';
import { UniqueTokenStrategy as PassportUniqueTokenStrategy } from 'passport-unique-token';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class UniqueTokenStrategy extends PassportStrategy(PassportUniqueTokenStrategy) {
  constructor() {
    super({});
  }

  validate(token: string) {
    return token === 'invitation-of-frank' && { id: 'frank' };
  }
}

/** One token per user, in the header field or the query parameter `token`, or in the first message. */
@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'token',
      credentials: [
        fromRequest({ headers: ['token'], queryParams: ['token'] }),
        fromFirstMessage(),
      ],
    }),
  ],
  providers: [UniqueTokenStrategy, HelloGateway],
})
export class UniqueTokenModule {}
