import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** One entry of `exports` that is code. */
interface Entry {
  readonly types: string;
  readonly default: string;
}

const { exports } = JSON.parse(rootFile('package.json')) as {
  exports: Record<string, Entry | string>;
};
const entries = Object.entries(exports).filter(
  (entry): entry is [string, Entry] => typeof entry[1] !== 'string',
);

/** Names that each entry point exports, as the declarations and the module have them. */
const expected = {
  '.': {
    types: wordsOf(`
      AllowedOrigin AuthorizationHeaderOptions ChallengeScheme CloseCodeOptions
      ClusterListOptions CookieBridgeOptions CookieExtractor CookieOptions Credential
      CredentialLimits CredentialOrigin DisconnectOptions DrainOptions FailedAttemptOptions
      FailureCount FailureLimit FailureLimiter FirstMessageExtractor FirstMessageOptions
      Handshake HandshakeExtractor HandshakePlace HttpSessionStore IssuedTicket LeaseAnswer
      LeaseClaim NodeRecord OriginPredicate ProtectUpgradesOptions RebalanceOptions RedactedPlaces Refusal
      RefusalCode RequestOptions RequestTarget RevocationKind RevocationPage RevocationQuestion
      RevocationTarget RevokeOptions SessionLease SessionTarget StoredRevocation StoredTicket
      SubprotocolOptions TicketLimits TicketOptions UserInfoExtractor WsAuthAttempt
      WsAuthAttemptEvent WsAuthAuthentication WsAuthCheck WsAuthClusterPage WsAuthClusterSession
      WsAuthDiagnosis WsAuthErrorCode WsAuthErrorOptions WsAuthEventListener WsAuthEventMap
      WsAuthEventNames WsAuthGauges WsAuthHealthResult WsAuthIncident WsAuthMiddleware
      WsAuthModuleOptions WsAuthObservation WsAuthOriginDiagnosis WsAuthOutcome WsAuthPhase
      WsAuthPlatform WsAuthPolicyOptions WsAuthRejection WsAuthServerPlatform WsAuthSessionEvent
      WsAuthStore WsAuthStrategyAnswer WsAuthTelemetry WsAuthTransport WsAuthUpgrades
      WsAuthUserKey WsAuthVerdict WsCredentialExtractor WsExtractorOptions WsTicketOptions
      WsUserDecorator
    `),
    values: wordsOf(`
      MemoryWsAuthStore WsAuth WsAuthCloseCode WsAuthConfigurationError WsAuthError
      WsAuthEvents WsAuthGuard WsAuthHealth WsAuthModule WsAuthNoSessionError WsAuthSession
      WsAuthSessions WsAuthStoreError WsPublic WsSession WsTickets WsUser bearerCredential
      fromAuthorizationHeader fromCookie fromFirstMessage fromQueryParam fromRequest
      fromSubprotocol fromUserInfo malformedCredential protectUpgrades sessionOf userOf
    `),
  },
  './client': {
    types: wordsOf(`
      AuthenticateData ClosingDetails ConnectOptions CookieWayOptions FirstMessageWayOptions
      ListenerOptions MessageDetails NumberOptions SessionData SocketData SocketEvent
      SubprotocolWayOptions Token TokenRequest TokenSource WaitingDetails
      WebSocketConstructor WebSocketLike WsAuthCloseAction WsAuthEventNames WsAuthSocket
      WsAuthSocketEvent WsAuthSocketEvents WsAuthSocketSession WsAuthSocketState WsAuthWay
    `),
    values: wordsOf(`
      WsAuthCloseCode authenticateMessage connect cookie firstMessage protocolsWith
      queryParam subprotocol urlWith userInfo
    `),
  },
  './graphql-ws': {
    types: wordsOf(`
      GraphqlWsContext GraphqlWsGuardedOptions GraphqlWsOptions
      GraphqlWsSubscriptions
    `),
    values: wordsOf(`
      graphqlWs
    `),
  },
  './graphql-ws-client': {
    types: wordsOf(`
      SubscriptionListeners SubscriptionParams SubscriptionParamsOptions Token TokenRequest
      TokenSource
    `),
    values: wordsOf(`
      subscriptionParams
    `),
  },
  './opentelemetry': {
    types: wordsOf(`
      OpenTelemetryOptions
    `),
    values: wordsOf(`
      openTelemetry
    `),
  },
  './redis': {
    types: wordsOf(`
      IoRedisClient NodeRedisClient NodeRedisCluster NodeRedisSentinel RedisStoreOptions WsAuthRedisClient
    `),
    values: wordsOf(`
      redisWsAuthStore
    `),
  },
  './socket.io': {
    types: [],
    values: wordsOf(`
      WsAuthIoAdapter socketIo
    `),
  },
  './socket.io-client': {
    types: wordsOf(`
      AuthenticateOptions IoSocketLike Token TokenRequest TokenSource WsAuthCloseAction
      WsAuthEventNames
    `),
    values: wordsOf(`
      WsAuthCloseCode authenticate
    `),
  },
  './testing': {
    types: wordsOf(`
      ConformanceApplication ConformanceCase ConformanceClient ConformanceCredential
      ConformanceEnding ConformanceExceptions ConformanceGateway ConformanceNotice
      ConformanceOptions ConformanceSilence ConformanceToken ConnectAsOptions ExpectedRefusal
      FakeTimerOptions GatewayAddress OpenStore OpenTransport ReceivedEvent RefusedUpgrade
      RunningTransport SocketClosing StoreNodes TestConnectOptions WsTestClientOptions
    `),
    values: wordsOf(`
      WsRefusedError WsSessionClient WsTestClient connect connectAs expectRefused fakeTimers
      storeConformance transportConformance
    `),
  },
  './ws': {
    types: wordsOf(`
      WsAuthAdapterOptions
    `),
    values: wordsOf(`
      WsAuthAdapter ws
    `),
  },
};

function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/);
}

describe('the entry points', () => {
  it('export exactly these names', async () => {
    const names = await Promise.all(
      entries.map(async ([entry, target]) => [entry, await namesOf(target)] as const),
    );
    expect(Object.fromEntries(names)).toEqual(expected);
  });
});

/** Names that exist at run time, and those that TypeScript alone knows. */
async function namesOf(entry: Entry): Promise<{ values: string[]; types: string[] }> {
  const module = await load(entry);
  const values = Object.keys(module).toSorted();
  const declared = declaredNames(entry);
  expect(values.filter((name) => !declared.includes(name))).toEqual([]);
  return { values, types: declared.filter((name) => !values.includes(name)) };
}

/** The platform of Socket.IO is installed under another name here; test/package/describe-socket-io.ts imports the packed entry. */
function load(entry: Entry): Promise<object> {
  return entry.default.endsWith('/socket-io.js')
    ? import('../../lib/socket-io.js')
    : (import(pathToFileURL(join(root, entry.default)).href) as Promise<object>);
}

/** One program for all entries: most of them lead to the same declarations. */
const program = ts.createProgram(
  entries.map(([, { types }]) => join(root, types)),
  { module: ts.ModuleKind.NodeNext, skipLibCheck: true, types: [] },
);

function declaredNames({ types }: Entry): string[] {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, types))!)!;
  return checker
    .getExportsOfModule(module)
    .map(({ name }) => name)
    .toSorted();
}
