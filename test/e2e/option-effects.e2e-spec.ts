import { Module, type ModuleMetadata, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
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
const bearer = [fromAuthorizationHeader({ schemes: ['Bearer'] }), fromFirstMessage()];
const limit = { points: 3, windowMs: 60_000 };
const store = new MemoryWsAuthStore();

interface Row {
  readonly option: string;
  /** Without effect. */
  readonly idle: WsAuthPolicyOptions;
  /** What gives it one. */
  readonly cause: WsAuthPolicyOptions;
}

/** Options of gateways that depend on others. */
const ofGateways: readonly Row[] = [
  { option: 'optional', idle: { optional: true }, cause: { credentials: header } },
  {
    option: 'optional',
    idle: { optional: true, credentials: [fromCookie('s'), fromFirstMessage()] },
    cause: { credentials: [fromCookie('s')] },
  },
  { option: 'onLimit', idle: { onLimit: 'closeOldest' }, cause: { maxSessionsPerUser: 1 } },
  { option: 'onLimit', idle: { onLimit: 'refuse' }, cause: { maxSessionsPerUser: 1 } },
  {
    option: 'maxQueuedMessages',
    idle: { maxQueuedMessages: 1, credentials: header },
    cause: { credentials: [fromFirstMessage()] },
  },
  {
    option: 'maxQueuedBytes',
    idle: { maxQueuedBytes: 1, credentials: header },
    cause: { credentials: [fromFirstMessage()] },
  },
  {
    option: 'realm',
    idle: { realm: 'Zone', credentials: [fromRequest()] },
    cause: { credentials: [fromRequest(), fromQueryParam('t')] },
  },
];

interface ModuleRow {
  readonly option: string;
  readonly idle: WsAuthModuleOptions;
  readonly cause: WsAuthModuleOptions;
}

/** Options that depend on the store, which no gateway can give. */
const ofStores: readonly ModuleRow[] = [
  { option: 'maxStalenessMs', idle: { maxStalenessMs: 1_000 }, cause: { store } },
  { option: 'onStoreLoss', idle: { onStoreLoss: 'close' }, cause: { store } },
  { option: 'onStoreLoss', idle: { onStoreLoss: 'keep' }, cause: { store } },
];

/** Options that hold for the whole application and depend on others. */
const ofModules: readonly ModuleRow[] = [
  ...ofGateways,
  ...ofStores,
  {
    option: 'sessionLimitScope',
    idle: { sessionLimitScope: 'cluster', store },
    cause: { maxSessionsPerUser: 1 },
  },
  {
    option: 'failedAttempts',
    idle: { failedAttempts: { perAccount: limit }, credentials: bearer },
    cause: { credentials: header },
  },
  {
    option: 'failedAttempts',
    idle: { failedAttempts: {} },
    cause: { failedAttempts: { perAddress: limit } },
  },
];

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
  it.each(ofGateways)('K11b: $option refuses to boot: $idle', async ({ option, idle }) => {
    await expectRefusal(metadataOf({}, [gateway('/a', idle), gateway('/b')]), option);
  });

  it.each(ofGateways)('K11b: $option boots where it has one: $cause', async ({ idle, cause }) => {
    await boots(metadataOf({}, [gateway('/a', { ...idle, ...cause }), gateway('/b')]));
  });

  it('K11b: is named with its gateway', async () => {
    const error = await bootError(metadataOf({}, [gateway('/a', { onLimit: 'refuse' })]));
    expect(error.message).toBe(
      'onLimit: has no effect without a limit; pass maxSessionsPerUser (gateway /a)',
    );
  });
});

describe('an option of the module without effect', () => {
  it.each(ofModules)('K11b: $option refuses to boot: $idle', async ({ option, idle }) => {
    await expectRefusal(metadataOf(idle, [gateway('/a'), gateway('/b')]), option);
  });

  it.each(ofStores)('K11b: $option refuses to boot without gateways: $idle', async (row) => {
    await expectRefusal(metadataOf(row.idle, []), row.option);
    await expectRefusal(metadataOf(row.idle, [publicGateway()]), row.option);
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

  it.each(ofModules)('K11b: $option boots where it has one: $cause', async ({ idle, cause }) => {
    await boots(metadataOf({ ...idle, ...cause }, [gateway('/a'), gateway('/b')]));
    await boots(metadataOf({ ...idle, ...cause }, []));
  });

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
  it.each(ofGateways.filter(({ option }) => option !== 'optional'))(
    'K11b: $option boots on a gateway that overrides its cause: $cause',
    async ({ idle, cause }) => {
      const base = gateway('/base', { ...cause, ...idle });
      class Gateway extends base {}
      WebSocketGateway({ path: '/a' })(Gateway);
      const off = { maxSessionsPerUser: Infinity, credentials: idle.credentials ?? header };
      WsAuth(off)(Gateway);
      await boots(metadataOf({}, [Gateway]));
    },
  );

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
