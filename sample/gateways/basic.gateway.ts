import { WebSocketGateway } from '@nestjs/websockets';
import { fromAuthorizationHeader, WsAuth } from 'nestjs-ws-auth';
import { host, pageOrigins, ports } from '../config.js';
import { GreetingGateway } from './greeting.gateway.js';

/**
 * HTTP Basic: the name of the user, and a token of that user as the password.
 *
 * A browser attaches these credentials by itself, whichever page opens the connection, so the
 * gateway names the origins it trusts.
 */
@WsAuth({
  strategy: 'basic',
  credentials: [fromAuthorizationHeader({ schemes: ['Basic'] })],
  allowedOrigins: pageOrigins,
})
@WebSocketGateway(ports.basic, { host })
export class BasicGateway extends GreetingGateway {}
