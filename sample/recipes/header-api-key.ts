import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromRequest, WsAuthModule } from 'nestjs-ws-auth';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class ApiKeyStrategy extends PassportStrategy(HeaderAPIKeyStrategy) {
  constructor() {
    super({ header: 'X-Api-Key', prefix: '' }, false);
  }

  validate(key: string) {
    return key === 'key-of-robot' && { id: 'robot' };
  }
}

/** A key in a header field of its own. */
@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'headerapikey',
      credentials: [fromRequest({ headers: ['X-Api-Key'] })],
    }),
  ],
  providers: [ApiKeyStrategy, HelloGateway],
})
export class HeaderApiKeyModule {}
