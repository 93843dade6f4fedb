import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { WsAuthConfigurationError } from '../../../errors/ws-auth.error.js';
import { captureRejections } from '../../capture-rejections.js';
import { closedGate, type GatedWebSocket } from '../gate.js';
import { gatedWebSocket } from '../gated-web-socket.js';

/** A socket of `ws` as this package knows it. */
interface Internals {
  readonly _receiver?: Readonly<Record<string, unknown>> | null;
  readonly _extensions?: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
}

/** A private field, and whether a socket has it. */
interface Expectation {
  readonly field: string;
  readonly holds: (socket: Internals) => boolean;
}

const bound = 1_234;

const expectations: readonly Expectation[] = [
  {
    field: '_receiver._maxPayload',
    holds: ({ _receiver }) => _receiver?.['_maxPayload'] === bound,
  },
  {
    field: '_receiver._maxFragments',
    holds: ({ _receiver }) => _receiver?.['_maxFragments'] === bound,
  },
];

const ofCompression: Expectation = {
  field: '_extensions[permessage-deflate]._maxPayload',
  holds: ({ _extensions }) => _extensions?.['permessage-deflate']?.['_maxPayload'] === bound,
};

/**
 * Checks the installed `ws` at boot, with a socket that is connected to nothing.
 *
 * @param perMessageDeflate option of the gateway; `ws` takes its limit of zlib jobs from the first compressed socket
 * @returns the private fields that are not where this package looks for them
 * @throws {WsAuthConfigurationError} if messages reach listeners past the gate, which protects every gateway
 */
export function unknownInternals({ perMessageDeflate = false }: ServerOptions): string[] {
  const expected = perMessageDeflate ? [...expectations, ofCompression] : expectations;
  let unknown: readonly Expectation[] = expected;
  upgrade(perMessageDeflate, (client, socket) => {
    unknown = expected.filter(({ holds }) => !holds(client as unknown as Internals));
    demandGate(client as GatedWebSocket, socket);
    client.terminate();
  });
  return unknown.map(({ field }) => field);
}

/** A `ws` that cannot upgrade a socket of this kind has none of the fields, as far as one can see. */
function upgrade(
  perMessageDeflate: ServerOptions['perMessageDeflate'],
  onClient: (client: WebSocket, socket: Duplex) => void,
): void {
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
  const options = {
    maxPayload: bound,
    maxFragments: bound,
    perMessageDeflate,
  };
  const server = new WebSocketServer({ ...options, noServer: true, WebSocket: gatedWebSocket() });
  let client: WebSocket | undefined;
  try {
    server.handleUpgrade(requestOn(socket), socket, Buffer.alloc(0), (made) => (client = made));
  } catch {
    // As below.
  }
  if (client) {
    onClient(client, socket);
  }
  socket.destroy();
}

function requestOn(socket: Duplex): IncomingMessage {
  const headers = {
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    'sec-websocket-extensions': 'permessage-deflate',
  };
  return { method: 'GET', url: '/', headers, socket } as unknown as IncomingMessage;
}

/** A masked text frame: `x`. */
const message = Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0x78]);

function demandGate(client: GatedWebSocket, socket: Duplex): void {
  let passed = false;
  captureRejections(client);
  client.wsAuthGate = closedGate;
  client.on('message', () => (passed = true));
  socket.emit('data', message);
  if (passed) {
    throw new WsAuthConfigurationError(
      'ws: the installed version hands messages to listeners without emit(), so that no gateway can be protected; install ' +
        'a version that nestjs-ws-auth supports',
    );
  }
}
