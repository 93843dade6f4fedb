import { WebSocketGateway } from '@nestjs/websockets';
import { WsAuth, fromQueryParam } from 'nestjs-ws-auth';
import { host, ports } from '../config.js';
import { GreetingGateway } from './greeting.gateway.js';

/**
 * The query parameter `token` of the URL holds a ticket, which is spent by the time the URL is in a log, or a token.
 *
 * `ws-ticket` is the strategy that the module brings along; anything but a ticket is left to the next one.
 */
@WsAuth({ credentials: [fromQueryParam('token', { strategy: ['ws-ticket', 'jwt'] })] })
@WebSocketGateway(ports.queryParam, { host })
export class QueryParamGateway extends GreetingGateway {}
