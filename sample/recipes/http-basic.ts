import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromAuthorizationHeader, WsAuthModule } from 'nestjs-ws-auth';
import { BasicStrategy as PassportBasicStrategy } from 'passport-http';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class BasicStrategy extends PassportStrategy(PassportBasicStrategy) {
  validate(username: string, password: string) {
    return username === 'alice' && password === 'pa:ss' && { id: username };
  }
}

/** HTTP Basic, for machines. `passport-http` alone would take the password `pa:ss` for `pa`. */
@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'basic',
      credentials: [fromAuthorizationHeader({ schemes: ['Basic'] })],
    }),
  ],
  providers: [BasicStrategy, HelloGateway],
})
export class HttpBasicModule {}
