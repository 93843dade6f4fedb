import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromFirstMessage, WsAuthModule } from 'nestjs-ws-auth';
import { Strategy } from 'passport-local';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class LocalStrategy extends PassportStrategy(Strategy) {
  validate(username: string, password: string) {
    return username === 'erin' && password === 'correct horse' && { id: username };
  }
}

/** User name and password in the first message: `{"event":"authenticate","data":{"username":"…","password":"…"}}`. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'local', credentials: [fromFirstMessage()] })],
  providers: [LocalStrategy, HelloGateway],
})
export class LocalModule {}
