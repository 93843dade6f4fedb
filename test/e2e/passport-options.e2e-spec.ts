import { UseGuards, type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { PassportModule, PassportStrategy, type IAuthModuleOptions } from '@nestjs/passport';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Strategy } from 'passport';
import { describe, expect, it } from 'vitest';
import { WsAuthModule, type WsAuthModuleOptions } from '../../lib/index.js';
import { bootError, startApp, type TestApp } from '../support/app.js';

type Client = Record<string, unknown>;

/** A guard of HTTP routes that reads the property of `PassportModule`. */
class AccountGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<Client>()['account'] !== undefined;
  }
}

@WebSocketGateway()
class AccountGateway {
  @UseGuards(AccountGuard)
  @SubscribeMessage('account')
  account(@ConnectedSocket() client: Client) {
    return { event: 'account', data: client['account'] };
  }

  @SubscribeMessage('properties')
  properties(@ConnectedSocket() client: Client) {
    const data = ['user', 'account', 'member'].filter((name) => client[name] !== undefined);
    return { event: 'properties', data };
  }
}

let seen: unknown;

class Recording extends Strategy {
  constructor(_verify: unknown) {
    super();
  }

  override authenticate(_request: unknown, options: object): void {
    seen = { ...options };
    Object.assign(options, { changed: true });
    (this as unknown as { success(user: object): void }).success({ id: 'alice' });
  }
}

class RecordingStrategy extends PassportStrategy(Recording as unknown as Type<Strategy>, 'rec') {
  validate(): object {
    return {};
  }
}

function start(passport: IAuthModuleOptions, options: WsAuthModuleOptions = {}): Promise<TestApp> {
  return startApp(metadataOf(passport, options));
}

function metadataOf(passport: IAuthModuleOptions, options: WsAuthModuleOptions) {
  return {
    imports: [PassportModule.register(passport), WsAuthModule.forRoot(options)],
    providers: [RecordingStrategy, AccountGateway],
  };
}

const headers = { authorization: 'Bearer any' };

/** An application whose modules register these options. */
function registering(...options: readonly IAuthModuleOptions[]) {
  return {
    imports: [WsAuthModule.forRoot(), ...options.map((each) => PassportModule.register(each))],
    providers: [RecordingStrategy, AccountGateway],
  };
}

describe('the options of PassportModule', () => {
  it('K5c: property names where the user is set on the client', async () => {
    await using app = await start({ defaultStrategy: 'rec', property: 'account' });
    const client = await app.connect('/', { headers }).opened();
    expect(await client.ask('account')).toEqual({ id: 'alice' });
    expect(await client.ask('properties')).toEqual(['account']);
  });

  it.each<[string, IAuthModuleOptions, WsAuthModuleOptions, string[]]>([
    ['nothing', {}, {}, ['user']],
    ['an empty name', { property: '' }, {}, ['user']],
    ['the option of this module', { property: 'account' }, { property: 'member' }, ['member']],
  ])('K5c: with %s, the user is found elsewhere', async (_what, passport, options, expected) => {
    await using app = await start({ defaultStrategy: 'rec', ...passport }, options);
    const client = await app.connect('/', { headers }).opened();
    expect(await client.ask('properties')).toEqual(expected);
  });

  it('K5c: a property that a client has already refuses to boot', async () => {
    const passport = { defaultStrategy: 'rec', property: 'send' };
    expect((await bootError(metadataOf(passport, {}))).message).toMatch(/^property: /);
  });

  it.each<[string, IAuthModuleOptions, object]>([
    ['none', {}, { session: false }],
    ['a session', { session: true }, { session: true }],
    [
      'others',
      { scope: ['a'], prompt: 'x', property: 'account' },
      { session: false, scope: ['a'], prompt: 'x' },
    ],
  ])('K5c: all others reach authenticate() of the strategy: %s', async (_what, given, expected) => {
    await using app = await start({ defaultStrategy: 'rec', ...given });
    await app.connect('/', { headers }).opened();
    expect(seen).toEqual(expected);
    // What a strategy changes holds for its own run.
    await app.connect('/', { headers }).opened();
    expect(seen).toEqual(expected);
  });

  describe('of several modules', () => {
    it('K5c: the default of another module judges no gateway, in any order', async () => {
      const all = [{ defaultStrategy: 'rec' }, { defaultStrategy: 'admin' }];
      for (const options of [all, all.toReversed()]) {
        const { message } = await bootError(registering(...options));
        expect(message).toMatch(/^strategy: none is named.*with the same name in all modules$/);
      }
    });

    it('K5c: a factory that returns nothing registers nothing', async () => {
      const { imports, providers } = registering({ defaultStrategy: 'rec' });
      const nothing = PassportModule.registerAsync({ useFactory: () => null as never });
      await using app = await startApp({ imports: [nothing, ...imports], providers });
      await app.connect('/', { headers }).opened();
    });

    it('K5c: the default holds where all that state one state the same', async () => {
      const account = { defaultStrategy: ['rec'], property: 'account' };
      const same = { defaultStrategy: 'rec' };
      await using app = await startApp(registering({ session: false }, account, same));
      const client = await app.connect('/', { headers }).opened();
      expect(await client.ask('properties')).toEqual(['user']);
    });

    it('K5c: the property is the one of the module that Nest resolves last', async () => {
      const account = { defaultStrategy: 'rec', property: 'account' };
      await using app = await startApp(registering({ defaultStrategy: 'rec' }, account));
      const client = await app.connect('/', { headers }).opened();
      expect(await client.ask('properties')).toEqual(['account']);
    });
  });
});
