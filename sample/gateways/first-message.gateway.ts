import { WebSocketGateway } from '@nestjs/websockets';
import { WsAuth, fromFirstMessage } from 'nestjs-ws-auth';
import { host, ports } from '../config.js';
import { GreetingGateway } from './greeting.gateway.js';

/** The first message is the token, as it is. */
@WsAuth({ credentials: [fromFirstMessage({ format: 'raw' })] })
@WebSocketGateway(ports.firstMessage, { host })
export class FirstMessageGateway extends GreetingGateway {}
