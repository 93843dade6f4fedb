import { Injectable, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsUser } from 'nestjs-ws-auth';

/** As `APP_GUARD`: HTTP routes still need it, and Nest 12 runs global guards for gateways as well. */
@Injectable()
export class HttpAuthGuard extends AuthGuard('jwt') {
  override canActivate(context: ExecutionContext) {
    return context.getType() === 'http' ? super.canActivate(context) : true;
  }
}

/** What it always was: `request` is the client here, and `client.user` is the user. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ user?: { roles?: string[] } }>();
    return request.user?.roles?.includes('admin') ?? false;
  }
}

@WebSocketGateway({ path: '/chat' })
export class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }

  @UseGuards(AdminGuard)
  @SubscribeMessage('close')
  close(@WsUser('id') id: string) {
    return { event: 'closed', data: id };
  }
}
