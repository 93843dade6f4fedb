import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';

/** What a socket of such an engine has. */
const members: ReadonlySet<string | symbol> = new Set([
  'close',
  'on',
  'once',
  'readyState',
  'removeListener',
  'send',
]);

const get = (client: WebSocket, name: string | symbol): unknown => {
  const value: unknown = members.has(name) ? Reflect.get(client, name, client) : undefined;
  return typeof value === 'function' ? value.bind(client) : value;
};

interface WithHandle {
  _handle: unknown;
}

/**
 * A `wsEngine` that takes the TCP socket from Node.js and reads it by itself, as that of `eiows` does: its sockets can only be closed, and emit
 * no event but `message` and `close`.
 */
export class DetachedWs {
  readonly #server: WebSocketServer;

  constructor(options: ServerOptions) {
    this.#server = new WebSocketServer(options);
  }

  handleUpgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    onClient: (client: WebSocket) => void,
  ): void {
    const node = socket as unknown as WithHandle;
    const handle = node._handle;
    node._handle = null;
    const own = new Socket({ handle } as object);
    socket.on('close', () => {
      this.#server.handleUpgrade(request, own, head, (client) =>
        onClient(new Proxy(client, { get })),
      );
    });
    setImmediate(() => socket.destroy());
  }

  close(): void {
    this.#server.close();
  }
}
