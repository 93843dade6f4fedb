import type { INestApplication } from '@nestjs/common';
import type { WsAuthEvents } from '../events/ws-auth-events.js';
import { WS_AUTH_OWN_EVENTS } from '../module/own-providers.js';
import { eventMessage } from '../protocol/message.js';
import { LiveSessions } from '../sessions/live-sessions.js';
import { RevocationLedger } from '../sessions/revocation-ledger.js';
import { WsAuthSessions } from '../sessions/ws-auth-sessions.service.js';
import { findGateway, type FoundGateway, type GatewayAddress } from './application.js';
import { demandApplicationForTesting, entranceOf } from './entrance.js';
import { demandTestOptions } from './known-options.js';
import { Connection, WsSessionClient, type SessionSource } from './session-client.js';
import type { WsTestClientOptions } from './test-client.js';

export type { GatewayAddress };

/** Parameters of the URL. */
type Query = Readonly<Record<string, string>>;

/** Which gateway to connect to, and how; besides, the options of `ws`, such as `headers`, `origin` and `protocols`. */
export interface TestConnectOptions extends GatewayAddress, WsTestClientOptions {
  // The option of `ws` that has the same name is for servers.
  readonly path?: string;
  readonly port?: number;
  /** Parameters of the URL. */
  readonly query?: Query;
  /**
   * The first message: an object is sent as `data` of `authenticate`, such as `{ token }`, and a text as it is, for
   * `fromFirstMessage({ format: 'raw' })`.
   */
  readonly firstMessage?: object | string;
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
export async function connect(
  app: INestApplication,
  options: TestConnectOptions = {},
): Promise<WsSessionClient> {
  demandTestOptions('connect', options);
  return open(app, await findGateway(app, options), options, new Connection());
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
export async function connectAs(
  app: INestApplication,
  user: object,
  options: ConnectAsOptions = {},
): Promise<WsSessionClient> {
  demandTestOptions('connectAs', options);
  demandApplicationForTesting(app);
  const { info, strategy, extractor = 'connectAs', ...connecting } = options;
  const gateway = await findGateway(app, connecting);
  if (!gateway.server) {
    throw new Error(
      `connectAs: there is no gateway with authentication at ${gateway.url.pathname}`,
    );
  }
  const grants = entranceOf(gateway.server.context.authenticator);
  const connection = new Connection((key) => grants.set(key, { user, info, strategy, extractor }));
  try {
    return await open(app, gateway, connecting, connection);
  } finally {
    grants.delete(connection.key ?? '');
  }
}

async function open(
  app: INestApplication,
  gateway: FoundGateway,
  options: TestConnectOptions,
  connection: Connection,
): Promise<WsSessionClient> {
  const { path: _path, port: _port, query = {}, firstMessage, ...clientOptions } = options;
  const url = new URL(gateway.url);
  url.search = new URLSearchParams(query).toString();
  // The certificate of an application under test is rarely issued by a trusted authority.
  const settings = { rejectUnauthorized: false, ...clientOptions };
  const client = new WsSessionClient(url, settings, applicationOf(app), connection);
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
    sessions: new WsAuthSessions(app.get(LiveSessions), app.get(RevocationLedger)),
    live: app.get(LiveSessions),
    events: app.get<WsAuthEvents>(WS_AUTH_OWN_EVENTS),
  };
}

async function authenticate(
  client: WsSessionClient,
  { server }: FoundGateway,
  firstMessage: object | string,
): Promise<void> {
  const policy = server?.context.policy;
  if (!policy?.firstMessage) {
    throw new Error('connect: the gateway takes no credential from a first message');
  }
  const { authenticate: event } = policy.events;
  const isText = typeof firstMessage === 'string';
  await client.authenticate(isText ? firstMessage : eventMessage(event, firstMessage));
  if (policy.firstMessage.format === 'event') {
    await client.next();
  }
}
