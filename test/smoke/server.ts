import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { ConsoleLogger, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, WsAuthSessions, WsUser } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { httpAdapter } from '../matrix/suite/http-adapter.js';

/**
 * The program of the smoke suite, which runs on every runtime, beside any copy of `ws`.
 *
 * It writes one JSON value a line (its port, what it logs, its answers), and reads commands from its input.
 */
function report(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

class ReportingLogger extends ConsoleLogger {
  protected override printMessages(messages: unknown[], context = '', level = 'log'): void {
    messages.forEach((message) => report({ level, context, message: String(message) }));
  }
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: Buffer.from(process.env['TEST_TOKEN_KEY']!, 'hex'),
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { readonly sub: string }): { readonly id: string } {
    return { id: sub };
  }
}

@WebSocketGateway({ path: '/chat', perMessageDeflate: true })
class ChatGateway {
  @SubscribeMessage('echo')
  echo(@MessageBody() data: unknown, @WsUser('id') id: string): object {
    return { event: 'echo', data, id };
  }
}

@Module({
  imports: [
    WsAuthModule.forRoot({
      strategy: 'jwt',
      expiresAt: ({ id }) => (id === 'brief' ? Date.now() + 300 : undefined),
    }),
  ],
  providers: [JwtStrategy, ChatGateway],
})
class SmokeModule {}

const app = await NestFactory.create(SmokeModule, httpAdapter(), {
  logger: new ReportingLogger(),
  abortOnError: false,
  forceCloseConnections: true,
});

const commands: Readonly<Record<string, (argument: string) => unknown>> = {
  revoke: (userId) => app.get(WsAuthSessions).revoke({ userId }),
  count: () => app.get(WsAuthSessions).count(),
  close: () => app.close().then(() => 'closed'),
};

async function obey(line: string): Promise<void> {
  const [name = '', argument = ''] = line.split(' ');
  report({ answer: await commands[name]?.(argument) });
  if (name === 'close') {
    process.exit();
  }
}

createInterface({ input: process.stdin }).on('line', (line) => void obey(line));

await app.listen(0, '127.0.0.1');
report({ port: ((app.getHttpServer() as Server).address() as AddressInfo).port });
