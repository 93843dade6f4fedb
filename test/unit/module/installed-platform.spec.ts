import { describe, expect, it } from 'vitest';
import { installedPlatform } from '../../../lib/module/installed-platform.js';

const socketIo = '@nestjs/platform-socket.io';
const nativeWebSockets = '@nestjs/platform-ws';

/** Imports as Node does where only these packages are installed. */
function withPackages(installed: readonly string[]) {
  return (name: string): Promise<unknown> => {
    const error = new Error(`Cannot find package '${name}' imported from here`);
    return installed.includes(name)
      ? Promise.resolve({})
      : Promise.reject(Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' }));
  };
}

function broken(): Promise<never> {
  return Promise.reject(new TypeError('it is broken'));
}

describe('an application that names no platform', () => {
  it.each([
    [
      [socketIo, nativeWebSockets],
      /^platform: .* are installed; choose platform: ws\(\) .* or platform: socketIo\(\)/,
    ],
    [
      [],
      /^platform: no WebSocket platform is installed; run npm install @nestjs\/platform-ws.*set platform: ws\(\)/,
    ],
  ])('refuses to boot with %o', async (names, message) => {
    await expect(installedPlatform(withPackages(names))).rejects.toThrow(message);
  });

  it('uses the one that is installed', async () => {
    expect((await installedPlatform(withPackages([nativeWebSockets]))).transport).toBe('ws');
    expect((await installedPlatform(withPackages([socketIo]))).transport).toBe('socket.io');
    expect((await installedPlatform()).transport).toBe('ws');
  });

  it('reports a package that is installed and cannot be loaded', async () => {
    await expect(installedPlatform(broken)).rejects.toThrow('it is broken');
  });
});
