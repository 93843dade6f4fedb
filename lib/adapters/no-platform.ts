import type { WebSocketAdapter } from '@nestjs/common';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { Platform } from './platform.js';

/** Adapter of an application without gateways: the first gateway that Nest finds refuses to boot. */
class NoAdapter implements WebSocketAdapter {
  constructor(private readonly reason: string) {}

  create(): never {
    throw new WsAuthConfigurationError(this.reason);
  }

  bindClientConnect(): never {
    return this.create();
  }

  bindMessageHandlers(): never {
    return this.create();
  }

  close(): void {}

  /** Optional in the types of Nest, which calls it nevertheless when the application closes. */
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * The platform of an application that installs no WebSocket platform of Nest, since only servers of other packages are protected.
 *
 * @param reason what the first gateway refuses to boot with
 */
export function noPlatform(reason: string): Platform {
  const unused = (): never => {
    throw new WsAuthConfigurationError(reason);
  };
  return Object.freeze({
    transport: 'ws',
    adapterName: 'no adapter',
    createAdapter: () => new NoAdapter(reason),
    isAdapter: (adapter) => adapter instanceof NoAdapter,
    hasMade: () => false,
    failClient: unused,
    refuseClient: unused,
    emitTo: unused,
    holdClient: unused,
    onClosed: unused,
  } satisfies Platform);
}
