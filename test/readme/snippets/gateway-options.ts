import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { fromCookie, WsAuth, WsPublic, WsUser } from 'nestjs-ws-auth';

@WsAuth({ credentials: [fromCookie('token')], maxSessionsPerUser: 3 })
@WebSocketGateway({ path: '/account' })
export class AccountGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

@WsPublic() // no authentication at all
@WebSocketGateway({ path: '/status' })
export class StatusGateway {
  @SubscribeMessage('status')
  status() {
    return { event: 'status', data: 'up' };
  }
}
