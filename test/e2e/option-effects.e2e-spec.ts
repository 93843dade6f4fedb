import { Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  MemoryWsAuthStore,
  WsAuth,
  WsAuthConfigurationError,
  WsAuthModule,
  WsPublic,
  type WsAuthModuleOptions,
  type WsAuthPolicyOptions,
} from '../../lib/index.js';
import { bootError, startApp } from '../support/app.js';
import { JwtStrategy } from '../support/strategies.js';

function gateway(path: string, policy?: WsAuthPolicyOptions): Type {
  class Gateway {}
  WebSocketGateway({ path })(Gateway);
  if (policy) {
    WsAuth(policy)(Gateway);
  }
  return Gateway;
}

function publicGateway(): Type {
  class Open {}
  WebSocketGateway({ path: '/open' })(Open);
  WsPublic()(Open);
  return Open;
}

function metadataOf(module: WsAuthModuleOptions, gateways: Type[]): ModuleMetadata {
  return {
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...module })],
    providers: [JwtStrategy, ...gateways],
  };
}

const header = [fromAuthorizationHeader()];

interface Row {
  readonly option: string;
  /** Without effect. */
  readonly idle: WsAuthPolicyOptions;
  /** What gives it one. */
  readonly cause: WsAuthPolicyOptions;
}

// Every option is a row of `test/unit/policy/option-effects.spec.ts`; here is who is judged, and when.

/** Options of gateways that depend on others. */
const ofGateways: readonly Row[] = [
  { option: 'optional', idle: { optional: true }, cause: { credentials: header } },
  { option: 'onLimit', idle: { onLimit: 'closeOldest' }, cause: { maxSessionsPerUser: 1 } },
];

/** An option that depends on the store, which no gateway can give. */
const ofStore: WsAuthModuleOptions = { onStoreLoss: 'close' };

function moduleOf(metadata: ModuleMetadata): Type {
  class Shared {}
  Module(metadata)(Shared);
  return Shared;
}

async function expectRefusal(metadata: ModuleMetadata, option: string): Promise<void> {
  const error = await bootError(metadata);
  expect(error).toBeInstanceOf(WsAuthConfigurationError);
  expect(error.message).toMatch(new RegExp(`^${option}: `));
}

async function boots(metadata: ModuleMetadata): Promise<void> {
  await using _app = await startApp(metadata);
}

describe('an option of a gateway without effect', () => {
  it('K11b: is named with its gateway', async () => {
    const error = await bootError(metadataOf({}, [gateway('/a', { onLimit: 'refuse' })]));
    expect(error.message).toBe(
      'onLimit: has no effect without a limit; pass maxSessionsPerUser (gateway /a)',
    );
  });
});

describe('an option of the module without effect', () => {
  it.each(ofGateways)('K11b: $option refuses to boot: $idle', async ({ option, idle }) => {
    await expectRefusal(metadataOf(idle, [gateway('/a'), gateway('/b')]), option);
  });

  it('K11b: refuses to boot without gateways where none could give it one', async () => {
    await expectRefusal(metadataOf(ofStore, []), 'onStoreLoss');
    await expectRefusal(metadataOf(ofStore, [publicGateway()]), 'onStoreLoss');
    await boots(metadataOf({ ...ofStore, store: new MemoryWsAuthStore() }, []));
  });

  it.each(ofGateways)(
    'K11b: $option boots without a gateway to judge it by: $idle',
    async ({ idle }) => {
      await boots(metadataOf(idle, []));
      await boots(metadataOf(idle, [publicGateway()]));
      const shared = moduleOf(metadataOf(idle, [gateway('/a')]));
      const context = await NestFactory.createApplicationContext(shared, { logger: false });
      await context.close();
    },
  );

  it.each(ofGateways)(
    'K11b: $option boots if it has one on a single gateway: $cause',
    async ({ option, idle, cause }) => {
      const others = option === 'optional' ? { optional: false } : {};
      await boots(metadataOf(idle, [gateway('/a', cause), gateway('/b', others)]));
    },
  );

  it('K11b: optional of the module refuses a gateway that waits for the first message of the module', async () => {
    const gateways = [gateway('/a', { credentials: header }), gateway('/b')];
    await expectRefusal(metadataOf({ optional: true }, gateways), 'optional');
  });

  it('K11b: optional of the module is not a mistake for a gateway that lists the first message itself', async () => {
    const gateways = [gateway('/a'), gateway('/b', { credentials: [fromFirstMessage()] })];
    await boots(metadataOf({ optional: true, credentials: header }, gateways));
  });

  it.each([
    { onLimit: undefined },
    { optional: false },
    { optional: undefined },
    { sessionLimitScope: 'node' },
    { failedAttempts: undefined },
  ] as WsAuthModuleOptions[])('K11b: %j says nothing that would not hold', async (options) => {
    await boots(metadataOf(options, [gateway('/a')]));
  });
});

describe('an option of a base class', () => {
  it('K11b: boots on a gateway that overrides its cause', async () => {
    const base = gateway('/base', { onLimit: 'closeOldest', maxSessionsPerUser: 1 });
    class Gateway extends base {}
    WebSocketGateway({ path: '/a' })(Gateway);
    WsAuth({ maxSessionsPerUser: Infinity })(Gateway);
    await boots(metadataOf({}, [Gateway]));
  });

  it('K11b: optional of the module refuses a gateway that inherits no credentials', async () => {
    const base = gateway('/base', { authTimeoutMs: 1_000 });
    class Gateway extends base {}
    WebSocketGateway({ path: '/a' })(Gateway);
    await expectRefusal(metadataOf({ optional: true }, [Gateway]), 'optional');
  });
});

describe('names of events', () => {
  it.each([
    { authenticated: 'same', expiring: 'same' },
    { authenticated: 'expiring' },
    { authenticate: 'authenticated' },
    { ping: 'authenticate' },
  ])('K11a: that are equal refuse to boot: %j', async (events) => {
    await expectRefusal(metadataOf({ events }, [gateway('/a')]), 'events');
  });
});
