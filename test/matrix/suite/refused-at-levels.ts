import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WebSocketGateway } from '@nestjs/websockets';
import { WsAuthModule, type WsAuthModuleOptions } from 'nestjs-ws-auth';
import { TestClient } from '../../support/client.js';
import { JwtStrategy } from './application.js';
import { httpAdapter } from './http-adapter.js';

type Level = NonNullable<WsAuthModuleOptions['refusalLogLevel']>;

@WebSocketGateway({ path: '/chat' })
class ChatGateway {}

@Module({ providers: [JwtStrategy, ChatGateway] })
class ApplicationModule {
  static withLevel(refusalLogLevel: Level): DynamicModule {
    const imports = [WsAuthModule.forRoot({ strategy: 'jwt', refusalLogLevel })];
    return { module: ApplicationModule, imports };
  }
}

/** Boots an application that refuses one client, with the logger that Nest has by default. */
async function refuseOnce(level: Level): Promise<void> {
  const nest = await NestFactory.create(ApplicationModule.withLevel(level), httpAdapter());
  await nest.listen(0, '127.0.0.1');
  const url = (await nest.getUrl()).replace('http', 'ws');
  const client = new TestClient(`${url}/chat`, { headers: { authorization: 'Bearer wrong' } });
  await client.refusal();
  await nest.close();
}

/** One process for all levels, since starting it takes longer than what it does. */
async function main(): Promise<void> {
  for (const level of process.argv.slice(2)) {
    await refuseOnce(level as Level);
  }
}

void main();
