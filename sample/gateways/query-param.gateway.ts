import { WebSocketGateway } from '@nestjs/websockets';
import { WsAuth, fromQueryParam } from 'nestjs-ws-auth';
import { host, ports } from '../config.js';
import { GreetingGateway } from './greeting.gateway.js';

/** The token is the query parameter `token` of the URL. */
@WsAuth({ credentials: [fromQueryParam('token')] })
@WebSocketGateway(ports.queryParam, { host })
export class QueryParamGateway extends GreetingGateway {}
