import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import type { Policy } from '../../policy/policy.js';
import type { IoServerOptions, IoSocket } from './platform-types.js';

/** Options of a server that would open what the gates close, and why. */
const unsafe = new Map<string, string>([
  [
    'connectionStateRecovery',
    'what a client has missed is sent before any middleware runs, to everyone who knows the id of the connection; remove it, and send ' +
      'what was missed from handleConnection',
  ],
  [
    'allowEIO3',
    'clients of Socket.IO 2 join the root namespace without a payload; remove it, and update those clients',
  ],
  [
    'initialPacket',
    'it is sent before authentication; remove it, and send it from handleConnection',
  ],
]);

/**
 * Refuses options of a server that leave its gateways open.
 *
 * @throws {WsAuthConfigurationError} that names the option and the fix
 */
export function refuseUnsafeOptions(options: IoServerOptions): void {
  for (const [name, why] of unsafe) {
    if ((options as Record<string, unknown>)[name]) {
      throw new WsAuthConfigurationError(`${name}: ${why}`);
    }
  }
  if (options.transports?.some((each) => each === 'webtransport')) {
    throw new WsAuthConfigurationError(
      "transports: 'webtransport' has no request that could be authenticated; list 'polling' and 'websocket' only",
    );
  }
}

/** Extractors that cannot be read here, and why. */
const unreadable = new Map<string, string>([
  [
    'fromSubprotocol',
    'engine.io sends the first subprotocol back to the client, and with it the token; take it out of credentials',
  ],
  [
    'fromUserInfo',
    'pages send the user information of a URL only after a 401 on a WebSocket, and Socket.IO begins with HTTP; take it out of credentials',
  ],
]);

/**
 * Refuses a policy that Socket.IO cannot keep.
 *
 * @throws {WsAuthConfigurationError} that names the option and the fix
 */
export function demandPossiblePolicy({ handshakeExtractors, firstMessage, bridges }: Policy): void {
  for (const { name } of handshakeExtractors) {
    const why = unreadable.get(name);
    if (why !== undefined) {
      throw new WsAuthConfigurationError(
        `credentials: ${name}() cannot be used with Socket.IO: ${why}`,
      );
    }
  }
  if (firstMessage?.format === 'raw') {
    throw new WsAuthConfigurationError(
      "credentials: fromFirstMessage({ format: 'raw' }) cannot be used with Socket.IO, whose CONNECT packet holds an object; write " +
        'fromFirstMessage()',
    );
  }
  if (bridges.length > 0) {
    throw new WsAuthConfigurationError(
      'fromCookie.bridge: it is not served beside Socket.IO; let a controller set the cookie, since pages may send it with any request',
    );
  }
}

/** Members of a client of Socket.IO, besides those of its class. */
const clientFields =
  /^(?:nsp|client|id|handshake|data|connected|recovered|acks|fns|flags|server|adapter|pid|disconnected|request|conn|rooms)$/;

/** @throws {WsAuthConfigurationError} for a name of `property` that a client of Socket.IO has already */
export function demandFreeProperty(property: string, prototype: IoSocket): void {
  if (property in prototype || clientFields.test(property)) {
    throw new WsAuthConfigurationError(
      `property: expected a name such as 'user' that a client of Socket.IO does not have already, and not '${property}'`,
    );
  }
}
