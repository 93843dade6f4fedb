import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromRequest, WsAuthModule } from 'nestjs-ws-auth';
import { DigestStrategy as PassportDigestStrategy } from 'passport-http';
import { HelloGateway } from './hello.gateway.js';

// The typings demand the callback that PassportStrategy() adds.
type DigestArguments = ConstructorParameters<typeof PassportDigestStrategy>;

@Injectable()
class DigestStrategy extends PassportStrategy(PassportDigestStrategy) {
  constructor() {
    super(...([{ realm: 'Vault', qop: 'auth' }] as unknown as DigestArguments));
  }

  /** The user and the password, with which the strategy checks the response. */
  validate(username: string) {
    return username === 'dora' && [{ id: username }, 'open sesame'];
  }
}

/** HTTP Digest: the strategy's own challenge goes out with the 401, and the client connects once more. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'digest', credentials: [fromRequest()] })],
  providers: [DigestStrategy, HelloGateway],
})
export class HttpDigestModule {}
