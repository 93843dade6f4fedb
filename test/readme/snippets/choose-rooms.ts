import { WebSocketGateway } from '@nestjs/websockets';
import { fromCookie, fromFirstMessage, WsAuth } from 'nestjs-ws-auth';

@WsAuth({ credentials: [fromFirstMessage(), fromCookie('token')] })
@WebSocketGateway({ path: '/rooms' })
export class RoomsGateway {}
