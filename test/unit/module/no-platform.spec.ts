import { ApplicationConfig } from '@nestjs/core';
import { SocketModule } from '@nestjs/websockets/socket-module.js';
import { describe, expect, it } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import { installedPlatformOrNone } from '../../../lib/module/installed-platform.js';
import type { AdapterContext } from '../../../lib/adapters/adapter-context.js';

function noPackage(name: string): Promise<never> {
  const error = new Error(`Cannot find package '${name}' imported from here`);
  return Promise.reject(Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' }));
}

describe('an application that protects other servers and installs no platform', () => {
  it('boots, and refuses the first gateway that Nest finds', async () => {
    const platform = await installedPlatformOrNone(noPackage);
    const adapter = platform.createAdapter({} as AdapterContext);
    expect(platform.isAdapter(adapter)).toBe(true);
    expect(platform.isAdapter({})).toBe(false);
    const gatewayCalls = [
      () => adapter.create(0),
      () => adapter.bindClientConnect?.({}, () => undefined),
      () => adapter.bindMessageHandlers({}, [], () => undefined as never),
      () => platform.emitTo({}, 'event', undefined),
    ];
    for (const call of gatewayCalls) {
      expect(call).toThrow(WsAuthConfigurationError);
      expect(call).toThrow(/^platform: no WebSocket platform is installed/);
    }
    expect(adapter.close({})).toBeUndefined();
  });

  it('closes: Nest itself closes and disposes of the adapter', async () => {
    const platform = await installedPlatformOrNone(noPackage);
    const module = new SocketModule();
    const config = new ApplicationConfig(platform.createAdapter({} as AdapterContext));
    Object.assign(module, { applicationConfig: config });
    await expect(module.close()).resolves.toBeUndefined();
  });
});
