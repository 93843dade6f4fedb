import { WebSocketGateway } from '@nestjs/websockets';
import { fromCookie, fromFirstMessage, WsAuth, WsPublic } from 'nestjs-ws-auth';

@WsAuth({ credentials: [fromFirstMessage(), fromCookie('token')] })
@WebSocketGateway({ path: '/rooms' })
export class RoomsGateway {}

@WsPublic() // no authentication at all, and nobody can overlook it
@WebSocketGateway({ path: '/news' })
export class NewsGateway {}
