import {
  type BeforeApplicationShutdown,
  Injectable,
  type INestApplication,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { host, ports } from '../config.js';
import { findPlatform } from './find-platform.js';

/** A Nest application has one WebSocket adapter, so the gateway of Socket.IO has an application of its own, in the same process. */
@Injectable()
export class SocketIoApplication implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #app: INestApplication | undefined;

  async onApplicationBootstrap(): Promise<void> {
    findPlatform();
    const { SocketIoModule } = await import('./socket-io.module.js');
    this.#app = await NestFactory.create(SocketIoModule);
    await this.#app.listen(ports.socketIo, host);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#app?.close();
  }
}
