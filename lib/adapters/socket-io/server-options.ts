import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import type { Policy } from '../../policy/policy.js';
import {
  bytes,
  callback,
  constructable,
  count,
  demandValues,
  duration,
  flag,
  type ValueChecks,
} from '../gateway-values.js';
import { demandKnownOptions } from './option-names.js';
import type { IoServerOptions } from './platform-types.js';

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

/** Engine.io refuses every client of a server whose list names nothing that it knows. */
const transportNames: ValueChecks[string] = (name, value) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  if (list.includes('webtransport')) {
    throw new WsAuthConfigurationError(
      `${name}: 'webtransport' has no request that could be authenticated; list 'polling' and 'websocket' only`,
    );
  }
  if (list.length === 0 || !list.every((each) => each === 'polling' || each === 'websocket')) {
    throw new WsAuthConfigurationError(
      `${name}: expected 'polling', 'websocket' or both, in a list`,
    );
  }
};

const values: ValueChecks = {
  addTrailingSlash: flag,
  allowRequest: callback,
  allowUpgrades: flag,
  cleanupEmptyChildNamespaces: flag,
  connectTimeout: duration,
  destroyUpgrade: flag,
  destroyUpgradeTimeout: duration,
  httpRequestBodyTimeout: duration,
  maxBufferedChunks: count,
  maxHttpBufferSize: bytes,
  pingInterval: duration,
  pingTimeout: duration,
  serveClient: flag,
  transports: transportNames,
  upgradeTimeout: duration,
  wsEngine: constructable,
};

/**
 * Refuses options of a server that leave its gateways open, those that have no effect, and values of another kind.
 *
 * @throws {WsAuthConfigurationError} that names the option and the fix
 */
export function refuseUnsafeOptions(options: IoServerOptions): void {
  demandKnownOptions(options);
  demandValues(values, options);
  for (const [name, why] of unsafe) {
    if ((options as Record<string, unknown>)[name]) {
      throw new WsAuthConfigurationError(`${name}: ${why}`);
    }
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
      'fromCookie.bridge: its cookie lasts for a handshake, and every poll of Socket.IO has to present the cookie that opened the connection; ' +
        'send the token as auth of the client, or let a controller set a cookie that lasts as long as the session',
    );
  }
}

/** Default of Socket.IO, in milliseconds, also for 0. */
const defaultConnectTimeoutMs = 45_000;

/**
 * Refuses a `connectTimeout` that ends before `authTimeoutMs`: Socket.IO closes a client that is still being judged, without an answer or
 * a line in the log.
 *
 * @throws {WsAuthConfigurationError} that names the option and the fix
 */
export function demandTimeToAuthenticate(
  { authTimeoutMs }: Policy,
  { connectTimeout }: IoServerOptions,
): void {
  const connectTimeoutMs = connectTimeout || defaultConnectTimeoutMs;
  if (connectTimeoutMs <= authTimeoutMs) {
    throw new WsAuthConfigurationError(
      `connectTimeout: Socket.IO closes clients after ${connectTimeoutMs} ms, while they may authenticate for ${authTimeoutMs} ms ` +
        '(authTimeoutMs); write a longer connectTimeout in @WebSocketGateway(), or a shorter authTimeoutMs',
    );
  }
}

/** What a client of Socket.IO has besides the members of an event emitter; a test holds it to the installed version. */
const clientMembers: ReadonlySet<string> = new Set(
  (
    'nsp client id handshake data connected disconnected recovered pid acks fns flags server adapter request conn rooms join volatile ' +
    'broadcast local ack buildHandshake compress disconnect dispatch emitReserved emitUntyped emitWithAck except in leave leaveAll ' +
    'listenersAny listenersAnyOutgoing newBroadcastOperator notifyOutgoingListeners offAny offAnyOutgoing onAny onAnyOutgoing onack ' +
    'ondisconnect onevent packet prependAny prependAnyOutgoing registerAckCallback run send timeout to use write'
  ).split(' '),
);

/** @throws {WsAuthConfigurationError} for a name of `property` that a client of Socket.IO has already */
export function demandFreeProperty({ property }: Policy): void {
  if (clientMembers.has(property)) {
    throw new WsAuthConfigurationError(
      `property: expected a name such as 'user' that a client of Socket.IO does not have already, and not '${property}'`,
    );
  }
}

/** Whether a server answers upgrades, and not only requests that poll. */
export function hasWebSockets({ transports }: IoServerOptions): boolean {
  return !transports || transports.some((each) => each === 'websocket');
}
