import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { runAll } from '../../errors/run-all.js';
import { Refusal } from '../../protocol/refusal.js';
import { setPublic } from '../../sessions/client-session.js';
import { captureRejections } from '../capture-rejections.js';
import { announceClient } from './contained-web-socket.js';
import { closeGraceMs } from '../close-grace.js';
import { closeClient } from './close-client.js';
import { closedGate, type Gate, type GatedWebSocket } from './gate.js';
import { dropHold } from './hold.js';
import type { SessionDrain } from '../../sessions/session-drain.js';
import type { ExpectClient } from '../adapter-context.js';
import { endings } from '../endings.js';
import { refuseUpgrade } from '../refuse.js';
import type { Route } from '../route.js';

/** The gate of clients that need no session: it is open until an exception of the application closes it. */
const publicGate: Gate = {
  isPublic: true,
  admits: () => true,
  sends: true,
  maxBufferedBytes: Number.POSITIVE_INFINITY,
  fail(client, refusal) {
    const { code, reason } = endings.failed;
    closeClient(client, {
      code: refusal?.closeCode ?? code,
      reason: refusal?.reason ?? reason,
      graceMs: closeGraceMs.session,
    });
  },
};

const noEarlyBytes = Buffer.alloc(0);

/** A path of `@WsPublic()` gateways: every valid handshake is a connection, as with `WsAdapter`. */
export class PublicRoute implements Route {
  #closing = false;

  /** @param expect called with each client before the gateways see it */
  constructor(
    readonly server: WebSocketServer,
    private readonly expect: ExpectClient | undefined,
    private readonly drain: Pick<SessionDrain, 'hasBegun'>,
  ) {}

  get isClosing(): boolean {
    return this.#closing;
  }

  upgrade(request: IncomingMessage, socket: Duplex): void {
    if (this.#closing || this.drain.hasBegun) {
      refuseUpgrade(socket, new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
      return;
    }
    this.server.handleUpgrade(request, socket, noEarlyBytes, (accepted) => {
      const client = accepted as GatedWebSocket;
      client.wsAuthGate = publicGate;
      setPublic(client);
      captureRejections(client);
      this.expect?.(client);
      announceClient(this.server, client, request);
    });
  }

  close(): void {
    this.#closing = true;
    const clients = [...(this.server.clients ?? [])] as GatedWebSocket[];
    runAll(clients.map((client) => () => terminate(client)));
  }
}

function terminate(client: GatedWebSocket): void {
  client.wsAuthGate = closedGate;
  dropHold(client);
  client.terminate();
}
