// Lists the files and functions of lib that one upgrade with a JWT runs, by V8's own count: npm run build && node test/support/upgrade-files.mjs
import 'reflect-metadata';
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { Injectable } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportStrategy } from '@nestjs/passport';
import { WebSocketGateway } from '@nestjs/websockets';
import jwt from 'jsonwebtoken';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { WebSocket } from 'ws';

/** What the build has made: before the build it is missing. */
const built = (name) => import(new URL(`../../dist/lib/${name}.js`, import.meta.url).href);
const { WsAuthModule } = await built('index');
const { ws } = await built('ws');

const secret = 'a key for this process alone';

class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor() {
    super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: secret });
  }

  validate({ sub }) {
    return { id: sub };
  }
}
Injectable()(JwtStrategy);

class Gateway {
  handleConnection() {}
}
WebSocketGateway()(Gateway);

class AppModule {}
Reflect.defineMetadata(
  'imports',
  [WsAuthModule.forRoot({ strategy: 'jwt', platform: ws() })],
  AppModule,
);
Reflect.defineMetadata('providers', [JwtStrategy, Gateway], AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address();

async function connect() {
  const token = jwt.sign({ sub: 'alice' }, secret, { expiresIn: 60 });
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await once(client, 'open');
  return client;
}

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
const first = await connect();
await session.post('Profiler.takePreciseCoverage');
const second = await connect();
const { result } = await session.post('Profiler.takePreciseCoverage');

const files = result
  .filter(({ url }) => url.includes('/dist/lib/'))
  .map(({ url, functions }) => ({
    file: url.replace(/^.*\/dist\//, '').replace(/\.js$/, '.ts'),
    functions: functions.filter(
      ({ functionName, ranges: [range] }) => functionName && range.count > 0,
    ),
  }))
  .filter(({ functions }) => functions.length > 0)
  .toSorted((one, other) => one.file.localeCompare(other.file));
for (const { file, functions } of files) {
  const names = functions.map(({ functionName, ranges: [{ count }] }) =>
    count > 1 ? `${functionName} ×${count}` : functionName,
  );
  process.stdout.write(`${file}: ${names.join(', ')}\n`);
}
const functions = files.reduce((sum, file) => sum + file.functions.length, 0);
process.stdout.write(`${files.length} files, ${functions} functions\n`);

first.terminate();
second.terminate();
await app.close();
