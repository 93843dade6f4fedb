import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { RunningSample } from './running-sample.js';

interface Session {
  readonly sessionId: string;
  readonly via: string;
  readonly authenticatedAt: number;
  readonly expiresAt: number;
}

/** How a socket was closed. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A socket on `/ws` that has authenticated by its first message, as the Sessions page opens them. */
export class UserSocket {
  readonly closed: Promise<Closing>;

  private constructor(
    readonly websocket: WebSocket,
    /** What the server states that it is. */
    readonly session: Session,
    closed: Promise<Closing>,
  ) {
    this.closed = closed;
  }

  static async open(sample: RunningSample, token: string): Promise<UserSocket> {
    const websocket = new WebSocket(sample.ws(0, { path: '/ws' }));
    const closed = once(websocket, 'close').then(([code, reason]: unknown[]) => ({
      code: code as number,
      reason: String(reason),
    }));
    await once(websocket, 'open');
    const session = new Promise<Session>((resolve, reject) => {
      websocket.on('message', (message: Buffer) => {
        const { event, data } = JSON.parse(message.toString()) as { event: string; data: Session };
        if (event === 'session') resolve(data);
      });
      void closed.then(({ code, reason }) => reject(new Error(`closed with ${code}: ${reason}`)));
    });
    websocket.send(JSON.stringify({ event: 'authenticate', data: { token } }));
    websocket.send(JSON.stringify({ event: 'session' }));
    return new UserSocket(websocket, await session, closed);
  }

  /** Waits until everything sent before has been handled and answered. */
  async barrier(): Promise<void> {
    this.websocket.ping();
    await once(this.websocket, 'pong');
  }
}
