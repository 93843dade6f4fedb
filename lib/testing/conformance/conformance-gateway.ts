import type { CanActivate } from '@nestjs/common';
import { sessionOf, userOf } from '../../sessions/client-session.js';
import type { WsAuthSession } from '../../sessions/session.js';
import type { ConformanceUser } from './conformance-strategy.js';

/** What application code has learnt of one connection, or of one message. */
export interface Seen {
  readonly client: object;
  readonly user: ConformanceUser | null | undefined;
  readonly session: WsAuthSession | undefined;
  readonly visible: unknown;
}

/** A message that a handler has received. */
export interface HandledText extends Seen {
  readonly text: string;
}

/**
 * What the gateway of an application under test reports to.
 *
 * `visible` is everything of the connection that application code can read: URL, headers, raw headers, payloads.
 *
 * @example
 * ```ts
 * const gatewayOf = (gateway: ConformanceGateway) => {
 *   @WebSocketGateway()
 *   class TestGateway {
 *     @UseGuards(gateway.guard)
 *     handleConnection(client: WebSocket, request: IncomingMessage) {
 *       return gateway.connected(client, [request.url, request.headers, request.rawHeaders]);
 *     }
 *     @SubscribeMessage('text')
 *     handle(client: WebSocket, text: string) {
 *       return { event: 'text', data: gateway.handled(client, text, []) };
 *     }
 *   }
 *   return TestGateway;
 * };
 * ```
 * @publicApi
 */
export class ConformanceGateway {
  /** Guard for `handleConnection`. */
  readonly guard: CanActivate = { canActivate: () => this.permits };
  /** @internal */
  readonly connections: Seen[] = [];
  /** @internal */
  readonly texts: HandledText[] = [];
  /** Answer of the guard. @internal */
  permits = true;
  /** What `handleConnection` does. @internal */
  onConnected: () => Promise<void> = () => Promise.resolve();

  /** For `handleConnection`, which returns the promise. */
  connected(client: object, visible: unknown): Promise<void> {
    this.connections.push(seen(client, visible));
    return this.onConnected();
  }

  /** For the handler of texts, which sends back what this returns. */
  handled(client: object, text: string, visible: unknown): string {
    this.texts.push({ ...seen(client, visible), text });
    return `echo ${text}`;
  }
}

function seen(client: object, visible: unknown): Seen {
  return { client, visible, user: userOf<ConformanceUser>(client), session: sessionOf(client) };
}
