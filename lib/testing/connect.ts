import type { INestApplication } from '@nestjs/common';
import type { WebSocket } from 'ws';
import type { WsAuthEvents } from '../events/ws-auth-events.js';
import { WS_AUTH_OWN_EVENTS } from '../module/own-providers.js';
import { eventMessage } from '../protocol/message.js';
import { LiveSessions } from '../sessions/live-sessions.js';
import { ClusterSessions } from '../sessions/cluster-sessions.js';
import { SessionDrain } from '../sessions/session-drain.js';
import { RevocationLedger } from '../sessions/revocation-ledger.js';
import { WsAuthSessions } from '../sessions/ws-auth-sessions.service.js';
import { findGateway, type FoundGateway, type GatewayAddress } from './application.js';
import { demandApplicationForTesting, entranceOf } from './entrance.js';
import { demandTestOptions } from './known-options.js';
import type { OnKey } from './named-web-socket.js';
import { wireFor } from './open-wire.js';
import { WsSessionClient, type SessionSource } from './session-client.js';
import type { WsTestClientOptions } from './test-client.js';

export type { GatewayAddress };

/** Parameters of the URL. */
type Query = Readonly<Record<string, string>>;

/**
 * Which gateway to connect to, and how; besides, the options of `ws`, such as `headers` and `origin`. With Socket.IO those of the
 * sockets under it count, such as `ca`.
 */
export interface TestConnectOptions extends GatewayAddress, WsTestClientOptions {
  // The option of `ws` that has the same name is for servers.
  readonly path?: string;
  readonly port?: number;
  /** Parameters of the URL. */
  readonly query?: Query;
  /**
   * The first message: an object is sent as `data` of `authenticate`, such as `{ token }`, and a text as it is, for
   * `fromFirstMessage({ format: 'raw' })`. With Socket.IO the object is `auth`, the payload of CONNECT.
   */
  readonly firstMessage?: object | string;
  /**
   * What carries a client of Socket.IO: `polling`, `websocket`, or the first and then the second.
   *
   * @default ['websocket']
   */
  readonly transports?: readonly ('polling' | 'websocket')[];
}

/** Which gateway to connect to, and the result that stands in for the strategy's. */
export interface ConnectAsOptions extends TestConnectOptions {
  readonly firstMessage?: never;
  /** Second value of the strategy, as of a `validate()` that returns `[user, info]`. */
  readonly info?: unknown;
  /**
   * `strategy` of the session.
   *
   * @default the first of the gateway
   */
  readonly strategy?: string;
  /**
   * `extractor` of the session.
   *
   * @default 'connectAs'
   */
  readonly extractor?: string;
}

/**
 * Connects to a gateway with a credential, the whole way: in `headers`, `query`, `protocols`, or as `firstMessage`.
 *
 * An application that does not listen yet is made to, on a free port of the loopback interface.
 *
 * @returns the client, with a session; without a credential where the gateway takes it from the first message, the
 *   client is accepted and has none yet. The acknowledgement of the first message has been read.
 * @throws {WsRefusedError} if the client is refused.
 * @throws {WsAuthConfigurationError} for an unknown option.
 * @example
 * ```ts
 * await using client = await connect(app, { headers: { authorization: `Bearer ${token}` } });
 * await client.ask('hello');
 * ```
 * @publicApi
 */
export async function connect<Socket extends object = WebSocket>(
  app: INestApplication,
  options: TestConnectOptions = {},
): Promise<WsSessionClient<Socket>> {
  demandTestOptions('connect', options);
  return open<Socket>(app, await findGateway(app, options), options, () => undefined);
}

/**
 * Connects to a gateway as a user, without a credential: the socket is real, and so is everything that follows the strategy,
 * which is not asked. The user is what it would have returned; `exp` and `iat` in NumericDate seconds count as in a token.
 *
 * It works in applications that `Test.createTestingModule()` has built, and for this one connection: for every other client
 * the gateway demands what it always does.
 *
 * An application that does not listen yet is made to, on a free port of the loopback interface.
 *
 * @throws {WsRefusedError} if the client is refused: the value is not a user, has expired or is revoked, or the user has too
 *   many sessions.
 * @throws {WsAuthConfigurationError} for an unknown option.
 * @throws {Error} for an application that was not built for testing.
 * @example
 * ```ts
 * await using client = await connectAs(app, { id: 'alice', roles: ['admin'] });
 * await client.ask('hello');
 * ```
 * @publicApi
 */
export async function connectAs<Socket extends object = WebSocket>(
  app: INestApplication,
  user: object,
  options: ConnectAsOptions = {},
): Promise<WsSessionClient<Socket>> {
  demandTestOptions('connectAs', options);
  demandApplicationForTesting(app);
  const { info, strategy, extractor = 'connectAs', ...connecting } = options;
  const gateway = await findGateway(app, connecting);
  if (!gateway.server) {
    throw new Error(
      `connectAs: there is no gateway with authentication at ${gateway.namespace ?? gateway.url.pathname}`,
    );
  }
  const grants = entranceOf(gateway.server.context.authenticator);
  let key = '';
  const grant = (connection: string) => {
    key = connection;
    grants.set(key, { user, info, strategy, extractor });
  };
  try {
    return await open<Socket>(app, gateway, connecting, grant);
  } finally {
    grants.delete(key);
  }
}

async function open<Socket extends object>(
  app: INestApplication,
  gateway: FoundGateway,
  options: TestConnectOptions,
  onKey: OnKey,
): Promise<WsSessionClient<Socket>> {
  const { timeoutMs, firstMessage } = options;
  const openWire = await wireFor(gateway, options, onKey);
  const given = timeoutMs === undefined ? {} : { timeoutMs };
  const client = new WsSessionClient<Socket>(given, openWire, applicationOf(app));
  try {
    await client.opened();
    if (firstMessage !== undefined) {
      await authenticate(client, gateway, firstMessage);
    }
    return client;
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw error;
  }
}

function applicationOf(app: INestApplication): SessionSource {
  return {
    // What the module itself uses, since a test may have put mocks in the place of the classes.
    sessions: new WsAuthSessions(app.get(LiveSessions), {
      ledger: app.get(RevocationLedger),
      drain: app.get(SessionDrain),
      cluster: app.get(ClusterSessions),
    }),
    live: app.get(LiveSessions),
    events: app.get<WsAuthEvents>(WS_AUTH_OWN_EVENTS),
  };
}

async function authenticate(
  client: WsSessionClient<object>,
  { server, namespace }: FoundGateway,
  firstMessage: object | string,
): Promise<void> {
  const policy = server?.context.policy;
  if (!policy?.firstMessage) {
    throw new Error('connect: the gateway takes no credential from a first message');
  }
  if (namespace !== undefined) {
    await client.acknowledged(client.session?.extractor === policy.firstMessage.name);
    return;
  }
  const { authenticate: event } = policy.events;
  const isText = typeof firstMessage === 'string';
  await client.authenticate(isText ? firstMessage : eventMessage(event, firstMessage));
  if (policy.firstMessage.format === 'event') {
    await client.next();
  }
}
