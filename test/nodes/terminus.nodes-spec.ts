import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { expect, it } from 'vitest';
import { WsAuthHealth, WsAuthModule } from '../../lib/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { RedisServer } from '../support/redis.js';
import { JwtStrategy } from '../support/strategies.js';
import { eventually } from './eventually.js';
import { storeOn, type ClientOfStore } from './redis-clients.js';

@Controller('health')
class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(WsAuthHealth) private readonly wsAuthHealth: WsAuthHealth,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.wsAuthHealth.check('ws-auth')]);
  }
}

function startWithHealth({ store }: ClientOfStore): Promise<TestApp> {
  return startApp({
    imports: [
      TerminusModule.forRoot({ logger: false }),
      WsAuthModule.forRoot({ strategy: 'jwt', store }),
    ],
    controllers: [HealthController],
    providers: [JwtStrategy, EchoGateway],
  });
}

const up = {
  status: 'ok',
  info: { 'ws-auth': { status: 'up' } },
  error: {},
  details: { 'ws-auth': { status: 'up' } },
};
const down = {
  status: 'error',
  info: {},
  error: { 'ws-auth': { status: 'down' } },
  details: { 'ws-auth': { status: 'down' } },
};

it('a health check of @nestjs/terminus answers 503 while Redis is down, and 200 before and afterwards', async () => {
  await using server = await RedisServer.start();
  await using client = await storeOn('redis', server.url);
  await using app = await startWithHealth(client);
  const health = async () => {
    const { status, body } = await ask(`${app.origin}/health`);
    return { status, body: JSON.parse(body) as object };
  };
  const becomes = (status: number) =>
    eventually(async () => (await health()).status === status, `${status}`);
  expect(await health()).toEqual({ status: 200, body: up });
  await server.kill();
  await becomes(503);
  expect(await health()).toEqual({ status: 503, body: down });
  await server.restart();
  await becomes(200);
  expect(await health()).toEqual({ status: 200, body: up });
});
