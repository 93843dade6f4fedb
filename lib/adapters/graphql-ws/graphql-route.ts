import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ContainedLogger } from '../../events/contained-logger.js';
import type { Authenticated } from '../../authentication/authenticated.js';
import type { Handshake } from '../../protocol/handshake.js';
import { logText } from '../../protocol/log-text.js';
import { isRecord } from '../../protocol/message.js';
import { Refusal } from '../../protocol/refusal.js';
import { logFault } from '../contain.js';
import { decideWithin } from '../decide-within.js';
import { refusalOf } from '../exception-refusal.js';
import { LiveConnections } from '../live-connections.js';
import type { PendingUpgrade } from '../pending-upgrade.js';
import type { UpgradeRoute } from '../route.js';
import type { PassOn } from '../server-platform.js';
import type { SessionContext } from '../session-context.js';
import { hideTokenSubprotocols } from '../upgrades/token-subprotocols.js';
import { UpgradeGate } from '../upgrades/upgrade-gate.js';
import { redactParams } from './connection-params.js';
import { closingOfRefusal } from './graphql-closing.js';
import { GraphqlConnection } from './graphql-connection.js';
import { extraOf, type GraphqlWsContext } from './graphql-context.js';
import { ParamsHint } from './params-hint.js';
import { PendingInit, type InitHost } from './pending-init.js';

const refusedByOnConnect = new Refusal('ERR_WS_AUTH_NOT_PERMITTED').diagnosed({
  guard: 'onConnect',
});

/** What graphql-ws closes with where `onConnect` returns false, in the words of this package. */
const forbidden = { code: 4403, reason: refusedByOnConnect.reason };

/** `onConnect` of the application. */
export type OnConnect = (context: never) => unknown;

/** The upgrades of a graphql-ws server, and the `connection_init` that follows each. */
export class GraphqlRoute implements UpgradeRoute {
  readonly authenticatesLater = true;
  readonly #gate: UpgradeGate;
  /** Connections that have yet to send `connection_init`. */
  readonly #pending = new WeakMap<IncomingMessage, PendingInit>();
  readonly #connections = new LiveConnections<GraphqlConnection>();
  readonly #hint: ParamsHint;
  readonly #host: InitHost;
  /** Whether the log has that the server does not ask. */
  #isReported = false;

  constructor(
    private readonly context: SessionContext,
    private readonly passOn: PassOn,
  ) {
    this.#hint = new ParamsHint(context.policy);
    this.#gate = new UpgradeGate(context, (upgrade, decision) => this.#admit(upgrade, decision));
    const { admission } = this.#gate;
    this.#host = { context, admission, onUnasked: () => this.#reportUnasked() };
  }

  /** Whether the upgrade of a connection has come this way, and waits for `connection_init`. */
  expects(request: IncomingMessage): boolean {
    return this.#pending.has(request);
  }

  get isClosing(): boolean {
    return this.#gate.isClosing;
  }

  upgrade(request: IncomingMessage, socket: Duplex, handshake: Handshake): void {
    this.#gate.upgrade(request, socket, handshake);
  }

  close(): void {
    this.#gate.close();
    this.#connections.close();
  }

  /**
   * Begins the session of a connection, and then runs `onConnect` of the application, which sees the user.
   *
   * @returns the payload of the acknowledgement; `false` where the connection is closed
   */
  async connect(graphql: GraphqlWsContext, onConnect?: OnConnect): Promise<object | false> {
    const { connectionParams } = graphql;
    graphql.connectionParams = redactParams(connectionParams);
    const { request } = extraOf(graphql);
    const pending = this.#pending.get(request);
    if (!pending) {
      return this.#refuseStranger(request);
    }
    this.#pending.delete(request);
    const close = (refusal: Refusal) => closeWith(graphql, refusal);
    const result = await pending.judge(connectionParams, close);
    if (result instanceof Refusal) {
      this.#hint.look(connectionParams, result);
      return this.#refuse(pending, graphql, result);
    }
    graphql.connectionParams = redactParams(connectionParams, result.proof);
    const unfit = pending.unfit(result);
    return unfit
      ? this.#refuse(pending, graphql, unfit)
      : this.#open(pending, graphql, result, onConnect);
  }

  #admit(upgrade: PendingUpgrade, decision: Authenticated | 'defer'): void {
    const { subject, peer } = upgrade;
    const authenticated = decision === 'defer' ? undefined : decision;
    const { context, passOn } = this;
    const pending = new PendingInit(this.#host, upgrade, authenticated);
    this.#pending.set(subject.request, pending);
    hideTokenSubprotocols(subject.request, context.policy.redaction);
    if (!authenticated) {
      // A few kilobytes may inflate to megabytes, and the bounds of the GraphQL server are those of a session.
      delete subject.request.headers['sec-websocket-extensions'];
    }
    passOn(subject.request, peer.socket);
  }

  /** Fails closed: the server has another path, or another HTTP server, than the policy. */
  #refuseStranger({ url = '' }: IncomingMessage): false {
    new ContainedLogger('WsAuth').error(
      `graphqlWs: a connection on path=${logText(url.replace(/\?.*$/s, ''))} is refused, since its upgrade was not authenticated ` +
        'here; give graphqlWs({ path }) the path of the GraphQL server, with the global prefix',
    );
    return false;
  }

  /** Once: clients could fill the log. */
  #reportUnasked(): void {
    if (!this.#isReported) {
      this.#isReported = true;
      new ContainedLogger('WsAuth').error(
        'graphqlWs: all clients are refused, since the GraphQL server answers them without onConnect of options(); hand it over as it is, ' +
          "with hooks of your own inside: subscriptions: { 'graphql-ws': subscriptions.options({ onConnect }) }",
      );
    }
  }

  #refuse(pending: PendingInit, graphql: GraphqlWsContext, refusal: Refusal): false {
    pending.refuse(refusal);
    closeWith(graphql, refusal);
    return false;
  }

  async #open(
    pending: PendingInit,
    graphql: GraphqlWsContext,
    authenticated: Authenticated,
    onConnect: OnConnect | undefined,
  ): Promise<object | false> {
    const { upgrade } = pending;
    const { subject, peer } = upgrade;
    const { socket } = extraOf(graphql);
    pending.settle();
    if (socket.readyState !== socket.OPEN) {
      this.#gate.admission.release(authenticated);
      return false;
    }
    peer.remember(subject.request, subject.original.bareUrl);
    const connection = new GraphqlConnection(graphql, this.context, peer, authenticated);
    this.#connections.add(connection, peer.socket);
    return (
      this.#gate.admission.begin(connection.life, upgrade) &&
      this.#acknowledge(connection, graphql, onConnect)
    );
  }

  async #acknowledge(
    { life }: GraphqlConnection,
    graphql: GraphqlWsContext,
    onConnect: OnConnect | undefined,
  ): Promise<object | false> {
    const run = async () => onConnect?.(graphql as never);
    try {
      const answer = await decideWithin(this.context.policy.authTimeoutMs, life.within(run));
      if (answer instanceof Refusal) {
        life.refuse(answer.diagnosed({ guard: 'onConnect' }));
      } else if (answer === false) {
        this.context.reporter.refusedByGuard(refusedByOnConnect, life.peer);
        life.end({ why: 'disconnected', ...forbidden });
      }
      const { expiresAt = null } = life.session;
      return life.isOpen && { ...(isRecord(answer) ? answer : {}), expiresAt };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal) {
        life.refuse(refusal);
      } else {
        logFault('onConnect of graphql-ws', error);
        life.end({ why: 'failed' });
      }
      return false;
    }
  }
}

function closeWith(graphql: GraphqlWsContext, refusal: Refusal): void {
  const { code, reason } = closingOfRefusal(refusal);
  extraOf(graphql).socket.close(code, reason);
}
