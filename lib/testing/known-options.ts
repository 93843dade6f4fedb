import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { demandKnownOptions } from '../policy/check-options.js';
import type { ConnectAsOptions, TestConnectOptions } from './connect.js';
import type { WsTestClientOptions } from './test-client.js';

/** Options of `ws` and of the sockets under it that the types of `ws` leave out. */
const untyped =
  'auth closeTimeout maxPendingAutoPongs signal servername lookup localPort socketPath timeout insecureHTTPParser ' +
  'maxHeaderSize setHost joinDuplicateHeaders uniqueHeaders ALPNProtocols requestCert session minDHSize pskCallback ' +
  'enableTrace highWaterMark autoSelectFamily autoSelectFamilyAttemptTimeout keepAlive keepAliveInitialDelay noDelay hints';

/** Every option of {@link WsTestClientOptions}: one that the types of `ws` add does not compile until it is listed. */
const clientOptions: Readonly<Record<keyof WsTestClientOptions, true>> = {
  ...(Object.fromEntries(untyped.split(' ').map((name) => [name, true])) as object),
  protocols: true,
  timeoutMs: true,
  protocol: true,
  followRedirects: true,
  generateMask: true,
  handshakeTimeout: true,
  maxRedirects: true,
  perMessageDeflate: true,
  localAddress: true,
  protocolVersion: true,
  headers: true,
  origin: true,
  agent: true,
  host: true,
  family: true,
  checkServerIdentity: true,
  rejectUnauthorized: true,
  allowSynchronousEvents: true,
  autoPong: true,
  maxPayload: true,
  maxBufferedChunks: true,
  maxFragments: true,
  skipUTF8Validation: true,
  createConnection: true,
  finishRequest: true,
  ALPNCallback: true,
  allowPartialTrustChain: true,
  ca: true,
  cert: true,
  sigalgs: true,
  ciphers: true,
  clientCertEngine: true,
  crl: true,
  dhparam: true,
  ecdhCurve: true,
  honorCipherOrder: true,
  key: true,
  privateKeyEngine: true,
  privateKeyIdentifier: true,
  maxVersion: true,
  minVersion: true,
  passphrase: true,
  pfx: true,
  secureOptions: true,
  secureProtocol: true,
  sessionIdContext: true,
  ticketKeys: true,
  sessionTimeout: true,
};

const address = { path: true, port: true, namespace: true, query: true, transports: true } as const;

/** Own options first, so that a suggestion prefers them. */
const connectOptions: Readonly<Record<keyof TestConnectOptions, true>> = {
  ...address,
  firstMessage: true,
  ...clientOptions,
};

const connectAsOptions: Readonly<Record<keyof Omit<ConnectAsOptions, 'firstMessage'>, true>> = {
  ...address,
  info: true,
  strategy: true,
  extractor: true,
  ...clientOptions,
};

const known = { connect: connectOptions, connectAs: connectAsOptions, WsTestClient: clientOptions };

/**
 * Refuses a misspelt option: a test would pass without the condition that it is about.
 *
 * @throws {WsAuthConfigurationError} that names the option and the one that was probably meant.
 */
export function demandTestOptions(call: keyof typeof known, options: unknown): void {
  demandKnownOptions(known[call], options, call);
}

/** Options of one kind of gateway, which have no meaning for the other. */
const ofOther = {
  ws: 'namespace transports',
  'socket.io':
    'protocols protocol followRedirects generateMask handshakeTimeout maxRedirects perMessageDeflate protocolVersion agent ' +
    'allowSynchronousEvents autoPong maxPayload maxBufferedChunks maxFragments skipUTF8Validation createConnection finishRequest ' +
    'closeTimeout maxPendingAutoPongs auth signal',
};

const gatewayKinds = {
  ws: 'a gateway of native WebSockets',
  'socket.io': 'a gateway of Socket.IO',
};

/**
 * Refuses an option that the client of the gateway does not have.
 *
 * @throws {WsAuthConfigurationError} that names it.
 */
export function demandEffect(transport: keyof typeof ofOther, options: object): void {
  const names = ofOther[transport].split(' ');
  const found = names.find((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (found !== undefined) {
    throw new WsAuthConfigurationError(
      `${found}: has no effect for ${gatewayKinds[transport]}; remove it`,
    );
  }
  const { firstMessage } = options as { readonly firstMessage?: unknown };
  if (transport === 'socket.io' && typeof firstMessage === 'string') {
    throw new WsAuthConfigurationError(
      'firstMessage: expected an object for a gateway of Socket.IO, such as { token }, and not a text',
    );
  }
}

const refusal = { status: true, closeCode: true, reason: true };

/** The same for the refusal that a test expects. */
export function demandRefusalFields(expected: unknown): void {
  demandKnownOptions(refusal, expected, 'expectRefused');
}
