import type { PeerCertificate } from 'node:tls';
import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromRequest, WsAuthModule } from 'nestjs-ws-auth';
import { Strategy } from 'passport-client-cert';
import { HelloGateway } from './hello.gateway.js';

@Injectable()
class ClientCertStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({});
  }

  validate({ subject }: PeerCertificate) {
    return { id: subject.CN };
  }
}

/**
 * Mutual TLS. Start the application with
 * `NestFactory.create(ClientCertModule, { httpsOptions: { key, cert, ca, requestCert: true, rejectUnauthorized: false } })`:
 * strangers then get a 401, and not a broken connection.
 */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'client-cert', credentials: [fromRequest()] })],
  providers: [ClientCertStrategy, HelloGateway],
})
export class ClientCertModule {}
