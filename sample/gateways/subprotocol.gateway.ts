import { WebSocketGateway } from '@nestjs/websockets';
import { WsAuth, fromSubprotocol } from 'nestjs-ws-auth';
import { host, ports } from '../config.js';
import { GreetingGateway } from './greeting.gateway.js';

/** The token is offered as a subprotocol, beside a real one that the server answers. */
@WsAuth({ credentials: [fromSubprotocol()] })
@WebSocketGateway(ports.subprotocol, { host })
export class SubprotocolGateway extends GreetingGateway {}
