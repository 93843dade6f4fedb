import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { WsAuthModule } from 'nestjs-ws-auth';
import { Strategy } from 'passport-http-bearer';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class BearerStrategy extends PassportStrategy(Strategy) {
  validate(token: string) {
    return token === 'token-of-carol' && { id: 'carol' };
  }
}

/** Opaque tokens: in the header for machines, in the first message for pages. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'bearer' })],
  providers: [BearerStrategy, HelloGateway],
})
export class HttpBearerModule {}
