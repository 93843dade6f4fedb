import {
  Module,
  UseGuards,
  type DynamicModule,
  type ModuleMetadata,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import {
  WsAuthConfigurationError,
  WsAuthGuard,
  WsAuthModule,
  WsAuthNoSessionError,
  WsPublic,
  WsSession,
  WsUser,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { WsAuthAdapter, type WsAuthAdapterOptions } from '../../lib/ws.js';
import { bootError, startApp } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { nestDoes } from '../support/nest-11.js';
import { JwtStrategy } from '../support/strategies.js';
import { tokenOf } from '../support/tokens.js';

class Answers {
  @SubscribeMessage('user')
  user(@WsUser() user: unknown) {
    return { event: 'user', data: { user } };
  }

  @SubscribeMessage('field')
  field(@WsUser('id') id: unknown) {
    return { event: 'field', data: { id } };
  }

  @SubscribeMessage('session')
  session(@WsSession() session: unknown) {
    return { event: 'session', data: { session: typeof session } };
  }

  @UseGuards(WsAuthGuard)
  @SubscribeMessage('guarded')
  guarded() {
    return { event: 'guarded', data: {} };
  }
}

@WebSocketGateway({ path: '/ws' })
class Protected extends Answers {}

@WsPublic()
@WebSocketGateway({ path: '/open' })
class Open extends Answers {}

const handlers = ['user', 'field', 'session', 'guarded'];

function failing(): { errors: unknown[]; logger: { error(...line: unknown[]): void } & object } {
  const errors: unknown[] = [];
  return {
    errors,
    logger: Object.assign(
      { log() {}, warn() {}, debug() {}, verbose() {} },
      { error: (...line: unknown[]) => errors.push(...line) },
    ),
  };
}

describe('an application without WsAuthModule', () => {
  it.each(handlers)('K11c: fails in the handler "%s", and names what to import', async (event) => {
    const { errors, logger } = failing();
    await using app = await startApp(
      { providers: [Protected] },
      (nest) => nest.useWebSocketAdapter(new WsAdapter(nest)),
      { logger: logger as never },
    );
    const client = await app.connect('/ws').opened();
    client.emit(event);
    if (nestDoes.sendExceptions) {
      expect(await client.nextEvent()).toMatchObject({
        event: 'exception',
        data: { status: 'error', message: 'Internal server error' },
      });
    } else {
      await client.barrier();
      expect(client.unread).toEqual([]);
    }
    const [error] = errors.filter((each) => each instanceof WsAuthNoSessionError);
    expect(String(error ?? errors.join('\n'))).toMatch(
      /this client did not come through WsAuthAdapter, .* import WsAuthModule\.forRoot\(\) in the root module/,
    );
  });
});

describe('a gateway with WsAuthModule', () => {
  const metadata: ModuleMetadata = {
    imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],
    providers: [JwtStrategy, Protected, Open],
  };

  it('K11c: has no session in a @WsPublic() gateway, and is not a mistake', async () => {
    await using app = await startApp(metadata);
    const client = await app.connect('/open').opened();
    expect(await client.ask('user')).toEqual({});
    expect(await client.ask('field')).toEqual({});
    expect(await client.ask('session')).toEqual({ session: 'undefined' });
    expect(await client.ask('guarded')).toEqual({});
  });

  it('K11c: has the user in every other', async () => {
    await using app = await startApp(metadata);
    const headers = { authorization: `Bearer ${tokenOf('alice')}` };
    const client = await app.connect('/ws', { headers }).opened();
    expect(await client.ask('user')).toEqual({ user: { id: 'alice' } });
    expect(await client.ask('session')).toEqual({ session: 'object' });
    expect(await client.ask('guarded')).toEqual({});
  });
});

type Imported = Type | DynamicModule;

describe('WsAuthModule', () => {
  @Module({ imports: [WsAuthModule] })
  class Feature {}

  // Other ways to import it are in `mistakes/configuration.e2e-spec.ts`.
  it.each<[string, Imported, RegExp]>([
    [
      'imported without forRoot() by a module of a feature',
      Feature,
      /^WsAuthModule: imported without options; write WsAuthModule\.forRoot\(\{ strategy: 'jwt' \}\)/,
    ],
    [
      'with a factory that resolves with nothing',
      WsAuthModule.forRootAsync({ useFactory: () => Promise.resolve(undefined as never) }),
      /^WsAuthModule\.forRootAsync\(\): the factory returned undefined; return the options/,
    ],
    ['with null', WsAuthModule.forRoot(null as never), /^options: expected an object .*, got null/],
  ])('K11c: %s refuses to boot and names the fix', async (_how, imported, message) => {
    const error = await bootError({ imports: [imported], providers: [JwtStrategy, EchoGateway] });
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toMatch(message);
  });

  it.each([
    [
      { useFactory: () => ({}), injct: [] },
      /^forRootAsync\.injct: unknown option; did you mean forRootAsync\.inject\?/,
    ],
    [null, /^forRootAsync: expected an object of options, got null/],
  ])('K11a: forRootAsync(%j) is refused', (options, message) => {
    const forRootAsync = () => WsAuthModule.forRootAsync(options as never);
    expect(forRootAsync).toThrow(WsAuthConfigurationError);
    expect(forRootAsync).toThrow(message);
  });
});

const misspelt = { strategy: 'jwt', alowedOrigins: [] } as WsAuthModuleOptions;

class Maker {
  createWsAuthOptions(): WsAuthModuleOptions {
    return misspelt;
  }
}

class LateMaker {
  readonly createWsAuthOptions = () => Promise.resolve(misspelt);
}

@Module({ providers: [Maker], exports: [Maker] })
class MakerModule {}

describe('options with a misspelt name', () => {
  it.each<[string, DynamicModule]>([
    ['forRoot()', WsAuthModule.forRoot(misspelt)],
    ['a factory', WsAuthModule.forRootAsync({ useFactory: () => misspelt })],
    [
      'a factory that waits',
      WsAuthModule.forRootAsync({ useFactory: () => Promise.resolve(misspelt) }),
    ],
    ['a class', WsAuthModule.forRootAsync({ useClass: Maker })],
    ['a class that waits', WsAuthModule.forRootAsync({ useClass: LateMaker })],
    [
      'an existing provider',
      WsAuthModule.forRootAsync({ imports: [MakerModule], useExisting: Maker }),
    ],
  ])('K11a: refuse to boot from %s, also without any gateway', async (_from, module) => {
    const error = await bootError({ imports: [module] });
    expect(error).toBeInstanceOf(WsAuthConfigurationError);
    expect(error.message).toBe('alowedOrigins: unknown option; did you mean allowedOrigins?');
  });
});

describe('WsAuthAdapter', () => {
  it('K11c: without WsAuthModule reports it, before anything else is logged, and does not end the process', async () => {
    @Module({ providers: [EchoGateway] })
    class AppModule {}
    const { errors, logger } = failing();
    const exit = vi.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
    const nest = await NestFactory.create(AppModule, { logger: logger as never });
    nest.useWebSocketAdapter(new WsAuthAdapter(nest));
    await expect(nest.init()).rejects.toThrow(
      /^WsAuthAdapter: the application does not import WsAuthModule; add WsAuthModule\.forRoot\(\)/,
    );
    expect(errors).toEqual([]);
    expect(exit).not.toHaveBeenCalled();
    exit.mockRestore();
    await nest.close();
  });

  it.each([
    [
      { messageParsr: JSON.parse },
      /^WsAuthAdapter\.messageParsr: unknown option; did you mean WsAuthAdapter\.messageParser\?/,
    ],
    [{ messageParser: 'json' }, /^WsAuthAdapter\.messageParser: expected a function/],
    [null, /^WsAuthAdapter: expected an object of options, got null/],
  ])('K11a: refuses the options %j', (options, message) => {
    const construct = () => new WsAuthAdapter(undefined, options as WsAuthAdapterOptions);
    expect(construct).toThrow(WsAuthConfigurationError);
    expect(construct).toThrow(message);
  });
});
