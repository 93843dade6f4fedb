import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { describe, expectTypeOf, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  fromUserInfo,
  WsAuthModule,
  type WsAuthModuleOptions,
  type WsCredentialExtractor,
} from 'nestjs-ws-auth';

@Injectable()
class Settings {
  readonly strategy = 'jwt';

  createWsAuthOptions(): WsAuthModuleOptions {
    return { strategy: this.strategy };
  }
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

declare class ObjectId {
  readonly _bsontype: 'ObjectId';
  toHexString(): string;
}

describe('WsAuthModule.forRoot()', () => {
  it('takes options, or none', () => {
    expectTypeOf(WsAuthModule.forRoot()).toEqualTypeOf<DynamicModule>();
    expectTypeOf(WsAuthModule.forRoot({ strategy: 'jwt' })).toEqualTypeOf<DynamicModule>();
  });

  it('takes neither unknown options nor values of the wrong type', () => {
    // @ts-expect-error: misspelled
    WsAuthModule.forRoot({ stategy: 'jwt' });
    // @ts-expect-error: no origins
    WsAuthModule.forRoot({ allowedOrigins: 443 });
    // @ts-expect-error: no name of anything
    WsAuthModule.forRoot({ onLimit: 'closeNewest' });
  });

  it('lets functions name the type of the user that they read', () => {
    const forRoot = WsAuthModule.forRoot({
      userId: ({ email }: { readonly email: string }) => email,
      expiresAt: ({ until }: { readonly until: Date }) => until.getTime(),
    });
    expectTypeOf(forRoot).toEqualTypeOf<DynamicModule>();
    WsAuthModule.forRoot({ userId: ({ id }: { readonly id: number | bigint | null }) => id });
    WsAuthModule.forRoot({ userId: ({ _id }: { readonly _id: ObjectId }) => _id });
    // @ts-expect-error: a key cannot be awaited
    WsAuthModule.forRoot({ userId: async ({ id }: { readonly id: string }) => id });
    // @ts-expect-error: a boolean is not a key
    WsAuthModule.forRoot({ userId: () => true });
  });
});

describe('WsAuthModule.forRootAsync()', () => {
  it('takes a factory, synchronous or not, with what it injects', () => {
    const imports = [SettingsModule];
    const inject = [Settings];
    const now = { imports, inject, useFactory: ({ strategy }: Settings) => ({ strategy }) };
    const later = { useFactory: async () => ({ strategy: 'jwt' }) };
    expectTypeOf(WsAuthModule.forRootAsync(now)).toEqualTypeOf<DynamicModule>();
    expectTypeOf(WsAuthModule.forRootAsync(later)).toEqualTypeOf<DynamicModule>();
  });

  it('takes a class and an existing provider that make options', () => {
    const imports = [SettingsModule];
    expectTypeOf(WsAuthModule.forRootAsync({ useClass: Settings })).toEqualTypeOf<DynamicModule>();
    expectTypeOf(
      WsAuthModule.forRootAsync({ imports, useExisting: Settings }),
    ).toEqualTypeOf<DynamicModule>();
  });

  it('takes no class that makes something else, and no factory of something else', () => {
    // @ts-expect-error: it has no createWsAuthOptions()
    WsAuthModule.forRootAsync({ useClass: SettingsModule });
    // @ts-expect-error: no options
    WsAuthModule.forRootAsync({ useFactory: () => ({ strategy: 1 }) });
  });
});

describe('extractors', () => {
  it('are what the option `credentials` takes', () => {
    const extractors = [
      fromAuthorizationHeader(),
      fromCookie('token'),
      fromFirstMessage({ format: 'raw' }),
      fromQueryParam('token', { strategy: 'jwt' }),
      fromRequest(),
      fromSubprotocol({ prefix: 'bearer.' }),
      fromUserInfo(),
    ];
    expectTypeOf(extractors).items.toExtend<WsCredentialExtractor>();
    expectTypeOf<WsAuthModuleOptions['credentials']>().toEqualTypeOf<
      readonly WsCredentialExtractor[] | undefined
    >();
  });

  it('demand the names that they cannot guess', () => {
    // @ts-expect-error: which cookie?
    fromCookie();
    // @ts-expect-error: which parameter?
    fromQueryParam();
  });
});
