import type { ClientSocket, ClientOptions } from './client-types.js';

/** Opens a client of Socket.IO. */
export type OpenClient = (url: string, options: ClientOptions) => ClientSocket;

/**
 * Loads the official client, which only tests of Socket.IO gateways need.
 *
 * @throws {Error} that names the package where it is not installed.
 */
export async function loadClient(
  importPackage: () => Promise<{ readonly io: OpenClient }> = importClient,
): Promise<OpenClient> {
  try {
    const { io } = await importPackage();
    return io;
  } catch (cause) {
    throw new Error(
      'connect() and connectAs() open gateways of Socket.IO with socket.io-client, which is not installed; run ' +
        'npm install --save-dev socket.io-client',
      { cause },
    );
  }
}

const importClient = () => import('socket.io-client');
