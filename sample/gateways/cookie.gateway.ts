import { WebSocketGateway } from '@nestjs/websockets';
import { fromCookie, WsAuth } from 'nestjs-ws-auth';
import { host, pageOrigins, ports } from '../config.js';
import { GreetingGateway } from './greeting.gateway.js';

/**
 * A cookie of the origin of the WebSocket itself.
 *
 * A page on another origin cannot set it, so the gateway serves a bridge: a hidden iframe that takes
 * the token from a page it trusts and stores it as an `HttpOnly` cookie.
 */
@WsAuth({
  credentials: [fromCookie('token', { bridge: { path: '/bridge', parentOrigins: pageOrigins } })],
  allowedOrigins: pageOrigins,
})
@WebSocketGateway(ports.cookie, { host })
export class CookieGateway extends GreetingGateway {}
