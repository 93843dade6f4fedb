import { ParseIntPipe, ValidationPipe } from '@nestjs/common';
import { describe, expectTypeOf, it } from 'vitest';
import {
  fromCookie,
  WsAuth,
  WsPublic,
  WsSession,
  WsUser,
  type WsAuthModuleOptions,
  type WsAuthPolicyOptions,
} from 'nestjs-ws-auth';

interface User {
  readonly id: number;
  readonly name: string;
}

describe('@WsUser', () => {
  it('decorates a parameter with the user, or with a field of any name', () => {
    expectTypeOf(WsUser()).toEqualTypeOf<ParameterDecorator>();
    expectTypeOf(WsUser('whatever')).toEqualTypeOf<ParameterDecorator>();
  });

  it('takes names of the fields of a user whose type is given, and no other', () => {
    expectTypeOf(WsUser<User>('id')).toEqualTypeOf<ParameterDecorator>();
    // @ts-expect-error: no field of User
    WsUser<User>('email');
  });

  it('takes pipes, as classes and as objects, with a field and without', () => {
    expectTypeOf(WsUser(ValidationPipe)).toEqualTypeOf<ParameterDecorator>();
    expectTypeOf(WsUser(new ValidationPipe(), ParseIntPipe)).toEqualTypeOf<ParameterDecorator>();
    expectTypeOf(WsUser<User>('id', ParseIntPipe)).toEqualTypeOf<ParameterDecorator>();
    // @ts-expect-error: no pipe
    WsUser('id', Date);
  });

  it('takes one field', () => {
    // @ts-expect-error: the second would be ignored
    WsUser('id', 'name');
  });

  it('decorates parameters, and nothing else', () => {
    expectTypeOf(WsUser()).not.toExtend<ClassDecorator>();
    expectTypeOf(WsUser()).not.toExtend<MethodDecorator>();
  });
});

describe('@WsSession', () => {
  it('decorates a parameter and takes nothing', () => {
    expectTypeOf(WsSession).parameters.toEqualTypeOf<[]>();
    expectTypeOf(WsSession()).toEqualTypeOf<ParameterDecorator>();
  });
});

describe('@WsAuth', () => {
  it('takes any part of a policy, or none', () => {
    expectTypeOf(WsAuth).parameter(0).toEqualTypeOf<WsAuthPolicyOptions | undefined>();
    expectTypeOf(WsAuth()).toEqualTypeOf<ClassDecorator>();
    expectTypeOf(
      WsAuth({ strategy: ['jwt', 'basic'], credentials: [fromCookie('token')], optional: true }),
    ).toEqualTypeOf<ClassDecorator>();
  });

  it('overrides fields of the module, each by a value of the same type', () => {
    expectTypeOf<WsAuthModuleOptions>().toExtend<WsAuthPolicyOptions>();
    type Shared = keyof WsAuthPolicyOptions;
    expectTypeOf<Pick<WsAuthModuleOptions, Shared>>().toEqualTypeOf<WsAuthPolicyOptions>();
  });

  it('takes no option that holds for the whole application', () => {
    type OfModule = Exclude<keyof WsAuthModuleOptions, keyof WsAuthPolicyOptions>;
    expectTypeOf<'maxPending' | 'store' | 'tickets' | 'trustProxy'>().toExtend<OfModule>();
    // @ts-expect-error: a gateway has no proxies of its own
    WsAuth({ trustProxy: true });
    // @ts-expect-error: nor a store
    WsAuth({ store: undefined });
  });

  it('takes neither unknown options nor values of the wrong type', () => {
    // @ts-expect-error: misspelled
    WsAuth({ strategies: 'jwt' });
    // @ts-expect-error: no duration
    WsAuth({ authTimeoutMs: '5s' });
    // @ts-expect-error: no extractor
    WsAuth({ credentials: ['cookie'] });
  });
});

describe('@WsPublic', () => {
  it('decorates a class and takes nothing', () => {
    expectTypeOf(WsPublic).parameters.toEqualTypeOf<[]>();
    expectTypeOf(WsPublic()).toEqualTypeOf<ClassDecorator>();
  });
});
