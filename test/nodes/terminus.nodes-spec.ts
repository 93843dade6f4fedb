import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { expect, it } from 'vitest';
import { WsAuthHealth, WsAuthModule } from '../../lib/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { ask } from '../support/http.js';
import { patient } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
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

function startWithHealth(
  { store }: Partial<ClientOfStore>,
  { gracefulShutdownTimeoutMs = 0, drainMs = 0 } = {},
): Promise<TestApp> {
  return startApp({
    imports: [
      TerminusModule.forRoot({ logger: false, gracefulShutdownTimeoutMs }),
      WsAuthModule.forRoot({ strategy: 'jwt', drainMs, ...(store && { store }) }),
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
  // A command that is written while the connection ends is answered by the time-out alone.
  await using client = await storeOn('redis', server.url, { commandTimeoutMs: patient(1_000) });
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

it('drains beside gracefulShutdownTimeoutMs: the check answers 503, and each client has its notice before its end', async () => {
  const times = { gracefulShutdownTimeoutMs: 50, drainMs: 2_000 };
  const app = await startWithHealth({}, times);
  const client = await app.connect('/', bearer(tokenOf('alice'))).opened();
  const closed = app.nest.close();
  expect(JSON.parse(await client.next())).toEqual({
    event: 'draining',
    data: { closesInMs: 1_000 },
  });
  const { status, body } = await ask(`${app.origin}/health`);
  expect({ status, body: JSON.parse(body) as object }).toEqual({
    status: 503,
    body: { ...down, status: 'shutting_down' },
  });
  const late = await app.connect('/', bearer(tokenOf('bob'))).refusal();
  expect(late.status).toBe(503);
  expect(late.headers['retry-after']).toBeDefined();
  expect(await client.ask('echo', 'still here')).toBe('still here');
  expect(await client.closed()).toEqual({ code: 1001, reason: 'server shutting down' });
  await closed;
});
