import type { AsyncResource } from 'node:async_hooks';
import type { Authenticated } from '../../authentication/authenticated.js';
import { renewalCredentialOf } from '../../authentication/renewal-credential.js';
import type { Credential } from '../../credentials/credential.js';
import { messageFramingBytes } from '../../credentials/first-message.extractor.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import type { Ending } from '../../sessions/live-session.js';
import type { Connection, NoticeData, SessionNotice } from '../connection.js';
import type { Peer } from '../peer.js';
import type { SessionContext } from '../session-context.js';
import { SessionLifecycle } from '../session-lifecycle.js';
import { closeInTurn, scheduleInSlices } from '../slices.js';
import { endOnce } from '../upgrades/end-once.js';
import { bytesBesideMessagesIn } from '../waiting-message-bytes.js';
import { credentialFields } from './connection-params.js';
import { closingOf, closingOfRefusal } from './graphql-closing.js';
import { extraOf, type GraphqlExtra, type GraphqlWsContext } from './graphql-context.js';
import { GraphqlGate, type GraphqlTraffic } from './graphql-gate.js';
import { beginsRenewal, pingMessageOf, pingOf, pong } from './renewal-ping.js';

const tooLarge = refusedBy('size', 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE', {
  extractor: 'fromFirstMessage',
});

/** A graphql-ws connection with a session: operations run and results are sent exactly as long as the session lives. */
export class GraphqlConnection implements Connection, GraphqlTraffic {
  readonly life: SessionLifecycle;
  context: AsyncResource | undefined;
  readonly #gate: GraphqlGate;

  constructor(
    private readonly graphql: GraphqlWsContext,
    context: SessionContext,
    peer: Peer,
    authenticated: Authenticated,
  ) {
    this.life = new SessionLifecycle(this, context, peer, authenticated);
    const { socket, request } = this.#extra;
    this.#gate = new GraphqlGate(socket, this);
    endOnce(socket, request.socket);
  }

  /** Everything that resolvers, hooks and guards may be holding. */
  get clients(): readonly object[] {
    const { socket, request } = this.#extra;
    return [socket, request, this.graphql, this.#extra];
  }

  get isOpen(): boolean {
    return this.life.isOpen;
  }

  get maxBufferedBytes(): number {
    return this.life.context.policy.maxBufferedBytes;
  }

  get bytesBesideMessages(): number {
    return bytesBesideMessagesIn(this.#extra.request.socket);
  }

  get shutdownTimeoutMs(): number {
    return this.life.context.policy.shutdownTimeoutMs;
  }

  /** A `ping` that holds a credential is ours: graphql-ws would answer with its payload and show it to hooks. */
  admits(message: Buffer): boolean {
    const { events, limits } = this.life.context.policy;
    const bound = limits.maxCredentialBytes + 2 * messageFramingBytes;
    const held = pingOf(message, bound);
    const isOurs = held
      ? held.event === events.authenticate
      : message.length > bound && beginsRenewal(message, events.authenticate);
    if (!isOurs) {
      return true;
    }
    this.#gate.send(pong);
    this.life.authenticate(() => (held ? this.#read(held.data) : tooLarge));
    return false;
  }

  closed(code: number): void {
    this.#returnOperations();
    this.life.closed(code);
  }

  send(notice: SessionNotice, data: NoticeData): void {
    this.#gate.send(pingMessageOf(this.life.context.policy.events[notice], data));
  }

  end(ending: Ending): void {
    this.#stop();
    const { code, reason } = closingOf(ending);
    closeInTurn(ending, () => this.#gate.close(code, reason));
  }

  refuse(refusal: Refusal): void {
    this.#stop();
    const { code, reason } = closingOfRefusal(refusal);
    scheduleInSlices(() => this.#gate.close(code, reason));
  }

  onClosed(callback: (code: number) => void): void {
    this.#extra.socket.prependOnceListener('close', callback);
  }

  get #extra(): GraphqlExtra {
    return extraOf(this.graphql);
  }

  #stop(): void {
    this.#gate.shut();
    this.#returnOperations();
  }

  /**
   * Ends the operations that run, and those that have yet to begin: graphql-ws returns the source of one that it does not find. It does so
   * by itself when the socket has closed, which a client can delay by not answering the close frame, and in a promise that it does not watch.
   */
  #returnOperations(): void {
    // Where another version keeps them elsewhere, graphql-ws ends them when the socket has closed.
    const { subscriptions = {} } = this.graphql as Partial<GraphqlWsContext>;
    for (const [id, operation] of Object.entries(subscriptions)) {
      Reflect.deleteProperty(subscriptions, id);
      const iterator = operation as Partial<AsyncGenerator> | null;
      if (typeof iterator?.return === 'function') {
        returnQuietly(iterator as AsyncGenerator);
      }
    }
  }

  #read(data: unknown): Credential | Refusal {
    const fields = credentialFields(data);
    return fields instanceof Refusal
      ? fields
      : renewalCredentialOf(fields, this.life.context.policy, this.life.renewedBy);
  }
}

/** What the source of a subscription throws at its end concerns no client. */
function returnQuietly(operation: AsyncGenerator): void {
  try {
    Promise.resolve(operation.return(undefined)).catch(() => undefined);
  } catch {
    // A source of the application, whose method is not asynchronous.
  }
}
