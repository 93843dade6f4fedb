import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Injectable, type DynamicModule } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  fromCookie,
  WsAuthConfigurationError,
  WsAuthModule,
  WsUser,
  type WsAuthModuleOptions,
} from 'nestjs-ws-auth';
import { bearer, bootError, JwtStrategy, start } from './application.js';

@WebSocketGateway({ path: '/chat' })
class ChatGateway {
  @SubscribeMessage('whoami')
  whoami(@WsUser('id') id: string) {
    return { event: 'whoami', data: id };
  }
}

@Injectable()
class OptionsFactory {
  createWsAuthOptions(): WsAuthModuleOptions {
    return { strategy: 'jwt' };
  }
}

async function whoami(...imports: DynamicModule[]): Promise<unknown> {
  await using app = await start({ imports, providers: [ChatGateway] });
  const client = await app.connect('/chat', bearer()).opened();
  return await client.ask('whoami');
}

async function mistake(options: WsAuthModuleOptions): Promise<string> {
  const error = await bootError({
    imports: [WsAuthModule.forRoot(options)],
    providers: [JwtStrategy, ChatGateway],
  });
  assert.ok(error instanceof WsAuthConfigurationError, error.stack);
  return error.message;
}

describe('an application boots', () => {
  it('with options from a factory', async () => {
    const options = { useFactory: () => Promise.resolve({ strategy: 'jwt' }) };
    assert.equal(await whoami(WsAuthModule.forRootAsync(options)), 'alice');
  });

  it('with options from a class', async () => {
    assert.equal(await whoami(WsAuthModule.forRootAsync({ useClass: OptionsFactory })), 'alice');
  });

  it('with the default strategy of PassportModule', async () => {
    const passport = PassportModule.register({ defaultStrategy: 'jwt' });
    assert.equal(await whoami(passport, WsAuthModule.forRoot()), 'alice');
  });
});

describe('an application refuses to boot', () => {
  it('without a strategy', async () => {
    assert.match(await mistake({}), /^strategy: /);
  });

  it('with a strategy that is not registered', async () => {
    assert.match(await mistake({ strategy: 'saml' }), /saml/);
  });

  it('with cookies for every origin', async () => {
    const credentials = [fromCookie('token')];
    assert.match(
      await mistake({ strategy: 'jwt', credentials, allowedOrigins: '*' }),
      /^allowedOrigins: /,
    );
  });

  it('with an invalid limit, or one that needs a package which is not installed', async () => {
    assert.match(await mistake({ strategy: 'jwt', authTimeoutMs: -1 }), /^authTimeoutMs: /);
    const perAddress = { points: 5, windowMs: 60_000 };
    assert.match(
      await mistake({ strategy: 'jwt', failedAttempts: { perAddress } }),
      /npm install rate-limiter-flexible$/,
    );
  });
});

describe('the package', () => {
  it('is the same module, whether it is required or imported', async () => {
    const required = createRequire(join(process.cwd(), 'main.js'))('nestjs-ws-auth') as object;
    const imported = (await import('nestjs-ws-auth')) as object;
    assert.deepEqual(
      Object.keys(required)
        .filter((name) => name !== '__esModule')
        .toSorted(),
      Object.keys(imported).toSorted(),
    );
    assert.equal((required as { WsAuthModule: unknown }).WsAuthModule, WsAuthModule);
  });
});
