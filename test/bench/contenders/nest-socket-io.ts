import type { IncomingMessage } from 'node:http';
import type { Server, ServerOptions, Socket } from 'socket.io';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { Contender } from './contender.js';
import { startNest } from './nest-application.js';
import { passportJwt, useOnce } from './socket-io.js';
import { SocketIoEchoGateway, socketIoOptions } from './socket-io-echo.gateway.js';
import { findSocketIoPlatform } from './socket-io-platform.js';
import type { User } from './verify.js';

@WebSocketGateway(socketIoOptions)
class EchoGateway extends SocketIoEchoGateway {
  @SubscribeMessage('early')
  early(@MessageBody() n: unknown, @ConnectedSocket() client: Socket): void {
    const { user } = client.request as IncomingMessage & { user?: User };
    client.emit('early', { n, user: user?.id ?? null });
  }
}

/** A gateway on the `IoAdapter` of Nest, with Passport as the adapter of an application adds it. */
export const nestSocketIo: Contender = async (settings) => {
  findSocketIoPlatform();
  const { IoAdapter } = await import('@nestjs/platform-socket.io');
  const authenticate = passportJwt(settings);

  class PassportIoAdapter extends IoAdapter {
    override createIOServer(port: number, options?: ServerOptions): Server {
      const io = super.createIOServer(port, options);
      useOnce(io, authenticate);
      return io;
    }
  }

  return startNest({ providers: [EchoGateway] }, (app) =>
    app.useWebSocketAdapter(new PassportIoAdapter(app)),
  );
};
