import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { Injectable, Scope, UseGuards, type Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  fromAuthorizationHeader,
  WsAuthConfigurationError,
  WsAuthGuard,
  WsAuthModule,
  WsSession,
  type WsAuthSession,
} from 'nestjs-ws-auth';
import { bootError, JwtStrategy, nestMajor, start } from './application.js';

const run = promisify(execFile);

@WebSocketGateway({ path: '/open' })
class OpenGateway {
  @SubscribeMessage('members')
  members(@WsSession() { anonymous }: WsAuthSession) {
    return { event: 'members', data: anonymous };
  }
}

@UseGuards(WsAuthGuard)
@WebSocketGateway({ path: '/guarded' })
class GuardedGateway extends OpenGateway {}

@Injectable()
class OwnGuard extends WsAuthGuard {}

const imports = [
  WsAuthModule.forRoot({
    strategy: 'jwt',
    credentials: [fromAuthorizationHeader()],
    optional: true,
  }),
];

const unauthorized = {
  event: 'exception',
  data: { status: 'error', message: 'Unauthorized' },
};

/** A guest asks for what is for members. */
async function answerTo(path: string, providers: Provider[]): Promise<unknown> {
  await using app = await start({
    imports,
    providers: [OpenGateway, GuardedGateway, ...providers],
  });
  const client = await app.connect(path).opened();
  return await client.emit('members').nextEvent();
}

async function assertRefused(providers: Provider[]): Promise<void> {
  const error = await bootError({ imports, providers: [JwtStrategy, OpenGateway, ...providers] });
  assert.ok(error instanceof WsAuthConfigurationError, error.stack);
  assert.match(error.message, /^WsAuthGuard: .*@UseGuards\(WsAuthGuard\)/);
}

describe('WsAuthGuard', () => {
  const globals: [string, Provider[]][] = [
    ['APP_GUARD', [{ provide: APP_GUARD, useClass: WsAuthGuard }]],
    ['APP_GUARD of a subclass', [{ provide: APP_GUARD, useClass: OwnGuard }]],
    ['APP_GUARD of a factory', [{ provide: APP_GUARD, useFactory: () => new WsAuthGuard() }]],
    ['APP_GUARD of a provider', [WsAuthGuard, { provide: APP_GUARD, useExisting: WsAuthGuard }]],
  ];
  const scoped: [string, Provider[]][] = [Scope.REQUEST, Scope.TRANSIENT].map((scope) => [
    `APP_GUARD of scope ${Scope[scope]}`,
    [{ provide: APP_GUARD, useClass: OwnGuard, scope }],
  ]);

  for (const [name, providers] of globals) {
    it(`K14d: as ${name} guards, or the application refuses to boot`, async () => {
      if (nestMajor() >= 12) {
        assert.deepEqual(await answerTo('/open', providers), unauthorized);
        return;
      }
      await assertRefused(providers);
    });
  }

  for (const [name, providers] of scoped) {
    it(`K14d: as ${name} stops the application from booting`, () => assertRefused(providers));
  }

  it('K14d: by useGlobalGuards() guards, or the application refuses to boot', async () => {
    if (nestMajor() < 12) {
      const metadata = { imports, providers: [JwtStrategy, OpenGateway] };
      const error = await bootError(metadata, (nest) => nest.useGlobalGuards(new WsAuthGuard()));
      assert.match(error.message, /^WsAuthGuard: /);
    }
  });

  it('K14d: on a gateway guards on every version', async () => {
    assert.deepEqual(await answerTo('/guarded', []), unauthorized);
    assert.deepEqual(await answerTo('/open', []), { event: 'members', data: true });
  });
});

describe('the default logger', () => {
  it('K14e: writes refusals of every level, at that level', async () => {
    const levels = ['warn', 'error', 'log', 'debug', 'verbose'];
    const program = join(dirname(process.argv[1]!), 'refused-at-levels.js');
    const env = { ...process.env, NO_COLOR: '1' };
    const { stdout, stderr } = await run(process.execPath, [program, ...levels], { env });
    const refusal = /(\w+) \[\w+\] .*refused ERR_WS_AUTH_CREDENTIAL_REJECTED/g;
    const written = [...(stdout + stderr).matchAll(refusal)].map(([, level]) =>
      level!.toLowerCase(),
    );
    assert.deepEqual(written.toSorted(), levels.toSorted());
  });
});
