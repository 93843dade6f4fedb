import { readFile } from 'node:fs/promises';
import { Body, Controller, Get, Header, Module, Post } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import jwt from 'jsonwebtoken';
import { WsAuthModule, WsUser } from 'nestjs-ws-auth';
import { JwtStrategy } from '../jwt.strategy.js';

const html =
  '<!doctype html><title>Chat</title><body><script type="module" src="/page.js"></script>';

@Controller()
class PageController {
  @Get()
  @Header('content-type', 'text/html')
  show() {
    return html;
  }

  @Get('page.js')
  @Header('content-type', 'text/javascript')
  script() {
    return readFile(process.env['PAGE'] ?? 'page.js', 'utf8');
  }

  /** Issues a short-lived token. Your route has a guard, and takes the user from its login. */
  @Post('tokens')
  issue(@Body() { user }: { user: string }) {
    const expiresIn = Number(process.env['TOKEN_SECONDS'] ?? 60);
    const token = jwt.sign({ sub: user }, process.env['JWT_SECRET']!, { expiresIn });
    return { token };
  }
}

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

/** Serves the page, its tokens and its gateway. */
@Module({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
  controllers: [PageController],
  providers: [JwtStrategy, ChatGateway],
})
export class AppModule {}
