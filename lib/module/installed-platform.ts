import { noPlatform } from '../adapters/no-platform.js';
import type { Platform } from '../adapters/platform.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';

const wsPackage = '@nestjs/platform-ws';
const socketIoPackage = '@nestjs/platform-socket.io';

/** Imports a package of the application. */
type ImportPackage = (name: string) => Promise<unknown>;

/**
 * The platform of the application where it names none: the one whose package is installed.
 *
 * @throws {WsAuthConfigurationError} where none is installed that this package protects, or another one beside it: a wrong guess would be
 *   a 404 for every client
 */
export async function installedPlatform(importPackage = importInstalled): Promise<Platform> {
  const found = await findPlatform(importPackage);
  if (typeof found === 'string') {
    throw new WsAuthConfigurationError(found);
  }
  return found;
}

/** The same for an application that protects servers of other packages: it may be without gateways, and then needs no platform. */
export async function installedPlatformOrNone(importPackage = importInstalled): Promise<Platform> {
  const found = await findPlatform(importPackage);
  return typeof found === 'string' ? noPlatform(found) : found;
}

const importInstalled: ImportPackage = (name) => import(name);

/** The platform, or the reason why none can be used. */
async function findPlatform(importPackage: ImportPackage): Promise<Platform | string> {
  const hasWs = await isInstalled(wsPackage, importPackage);
  const hasSocketIo = await isInstalled(socketIoPackage, importPackage);
  if (hasWs && hasSocketIo) {
    throw new WsAuthConfigurationError(
      `platform: ${wsPackage} and ${socketIoPackage} are installed; choose platform: ws() of 'nestjs-ws-auth/ws' or platform: ` +
        "socketIo() of 'nestjs-ws-auth/socket.io', or uninstall the package that the application does not use",
    );
  }
  if (hasSocketIo) {
    const { socketIo } = await import('../adapters/socket-io/socket-io.platform.js');
    return socketIo() as Platform;
  }
  if (!hasWs) {
    return (
      `platform: no WebSocket platform is installed; run npm install ${wsPackage}, or npm install ${socketIoPackage}; in a bundle that holds ` +
      "its packages, set platform: ws() of 'nestjs-ws-auth/ws'"
    );
  }
  const { ws } = await import('../adapters/ws/ws.platform.js');
  return ws() as Platform;
}

async function isInstalled(name: string, importPackage: ImportPackage): Promise<boolean> {
  try {
    await importPackage(name);
    return true;
  } catch (error) {
    if (isMissing(error, name)) {
      return false;
    }
    throw error;
  }
}

/** Whether the package itself is missing, and not something that it imports. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message = '' } = error as Partial<NodeJS.ErrnoException>;
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // Vite, with which many applications are tested, puts a module that throws in place of an optional peer.
  return (
    (isNotFound && message.includes(`'${name}'`)) ||
    message.startsWith(`Could not resolve "${name}"`)
  );
}
