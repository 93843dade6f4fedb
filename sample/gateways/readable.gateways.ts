import { WebSocketGateway } from '@nestjs/websockets';
import { fromCookie, WsAuth } from 'nestjs-ws-auth';
import { host, ports } from '../config.js';
import { CookieGateway } from './cookie.gateway.js';
import { SubprotocolGateway } from './subprotocol.gateway.js';

/**
 * Where the switch of the page leads: the same gateways, whose refusals a page can read.
 *
 * They are those that judge a page before the 101. A policy with credentials of HTTP Basic keeps its 401, and a ticket is
 * refused over HTTP already.
 */
const path = '/readable';

// The bridge of the other gateway sets the cookie.
@WsAuth({ rejection: 'auto', credentials: [fromCookie('token')] })
@WebSocketGateway(ports.cookie, { host, path })
export class ReadableCookieGateway extends CookieGateway {}

@WsAuth({ rejection: 'auto' })
@WebSocketGateway(ports.subprotocol, { host, path })
export class ReadableSubprotocolGateway extends SubprotocolGateway {}
