import { UseGuards } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { userOf, WsAuthGuard, WsSession, WsUser, type WsAuthSession } from 'nestjs-ws-auth';

type User = { id: string };

@WebSocketGateway({ path: '/rooms' })
export class RoomsGateway {
  readonly present: string[] = [];

  handleConnection(client: object) {
    this.present.push(userOf<User>(client).id); // never called without a session
  }

  @SubscribeMessage('profile')
  profile(@WsUser() user: User, @WsUser('id') id: User['id']) {
    return { event: 'profile', data: { user, id } };
  }

  @UseGuards(WsAuthGuard) // keeps anonymous clients out, where `optional` lets them connect
  @SubscribeMessage('session')
  session(@WsSession() { strategy, extractor, expiresAt }: WsAuthSession<User>) {
    return { event: 'session', data: { strategy, extractor, expiresAt } };
  }
}
