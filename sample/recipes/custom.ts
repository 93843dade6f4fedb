import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Injectable, Module } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { fromRequest, WsAuthModule } from 'nestjs-ws-auth';
import { Strategy } from 'passport-custom';
import { HelloGateway } from './hello.gateway.js';

/** What a device proves its name with. */
export function signatureOf(device: string): string {
  return createHmac('sha256', 'secret of the fleet').update(device).digest('hex');
}

@Injectable()
class DeviceStrategy extends PassportStrategy(Strategy, 'device') {
  validate({ headers }: IncomingMessage) {
    const device = String(headers['x-device']);
    const given = Buffer.from(String(headers['x-signature']));
    const expected = Buffer.from(signatureOf(device));
    return given.length === expected.length && timingSafeEqual(given, expected) && { id: device };
  }
}

/** A check of your own. Name the fields that hold the credential, so that handlers and logs do not get them. */
@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'device',
      credentials: [fromRequest({ headers: ['X-Signature'] })],
    }),
  ],
  providers: [DeviceStrategy, HelloGateway],
})
export class CustomModule {}
