import { WebSocketGateway } from '@nestjs/websockets';
import { WsAuth, fromUserInfo } from 'nestjs-ws-auth';
import { host, pageOrigins, ports } from '../config.js';
import { GreetingGateway } from './greeting.gateway.js';

/** The token takes the place of the user name in the URL. */
@WsAuth({ credentials: [fromUserInfo()], allowedOrigins: pageOrigins })
@WebSocketGateway(ports.userInfo, { host })
export class UserInfoGateway extends GreetingGateway {}
