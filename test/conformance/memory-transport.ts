import type { WsMessageHandler } from '@nestjs/common';
import { AbstractWsAdapter } from '@nestjs/websockets';
import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { from, mergeMap, type Observable } from 'rxjs';
import type { AdapterContext, ExpectClient } from '../../lib/adapters/adapter-context.js';
import { Admission } from '../../lib/adapters/admission.js';
import type { Connection, SessionNotice } from '../../lib/adapters/connection.js';
import { EarlyMessages } from '../../lib/adapters/early-messages.js';
import { refusalOf } from '../../lib/adapters/exception-refusal.js';
import { FirstMessageJudge } from '../../lib/adapters/first-message-judge.js';
import type { PendingUpgrade } from '../../lib/adapters/pending-upgrade.js';
import type { Platform } from '../../lib/adapters/platform.js';
import type { SessionContext } from '../../lib/adapters/session-context.js';
import { SessionLifecycle } from '../../lib/adapters/session-lifecycle.js';
import { UpgradeDecider, type UpgradeOutcomes } from '../../lib/adapters/upgrade-decider.js';
import type { Authenticated } from '../../lib/authentication/authenticated.js';
import { renewalCredentialOf } from '../../lib/authentication/renewal-credential.js';
import type { WsAuthTransport } from '../../lib/index.js';
import { parseRequest } from '../../lib/protocol/handshake.js';
import type { SessionData } from '../../lib/protocol/message.js';
import { Refusal } from '../../lib/protocol/refusal.js';
import { endings } from '../../lib/adapters/endings.js';
import type { Ending } from '../../lib/sessions/live-session.js';

/** What travels over a connection in memory, in both directions. */
export interface Message {
  readonly event: string;
  readonly data?: unknown;
}

/** The server's end of a connection: what gateways receive, and the port of its session. */
export class MemoryClient extends EventEmitter implements Connection {
  readonly clients = [this];
  context: AsyncResource | undefined;
  life: SessionLifecycle | undefined;
  /** Takes messages before the session, and while hooks of the connection run. */
  keep: ((message: Message) => void) | undefined;
  onDropped: () => void = () => undefined;

  /** @param socket stands for the connection where its address and its end are asked for */
  constructor(
    readonly socket: Socket,
    private readonly deliver: (message: Message) => void,
  ) {
    super();
    socket.once('close', () => this.emit('close'));
  }

  /** Takes a message of the client. */
  receive(message: Message): void {
    const { life } = this;
    if (life && !life.isOpen) {
      return;
    }
    if (life && message.event === 'authenticate') {
      const { policy } = life.context;
      life.authenticate(() => renewalCredentialOf(message.data, policy, life.renewedBy));
    } else if (this.keep) {
      this.keep(message);
    } else {
      this.context!.runInAsyncScope(() => this.emit('message', message));
    }
  }

  /** For the application: sends a message while the session lives. */
  sendText(text: unknown): void {
    if (this.life?.isOpen) {
      this.deliver({ event: 'text', data: text });
    }
  }

  accepted(): void {
    this.deliver({ event: 'open' });
  }

  send(notice: SessionNotice, data: SessionData): void {
    this.deliver({ event: notice, data });
  }

  end({ why, reason }: Ending): void {
    this.onDropped();
    this.deliver({ event: 'ended', data: reason ?? endings[why].reason });
    this.socket.destroy();
  }

  refuse({ reason }: Refusal): void {
    this.end({ why: 'failed', reason });
  }

  onClosed(callback: (code: number) => void): void {
    this.once('close', () => callback(1_000));
  }
}

const clients = new WeakMap<object, MemoryClient>();

/** A server that gateways are bound to. */
export class MemoryServer extends EventEmitter implements UpgradeOutcomes {
  readonly clients = new Set<MemoryClient>();
  readonly #admission: Admission;
  readonly #decider: UpgradeDecider;
  readonly #judges: FirstMessageJudge;

  constructor(
    private readonly context: SessionContext,
    private readonly expect: ExpectClient | undefined,
  ) {
    super();
    this.#admission = new Admission(context);
    this.#decider = new UpgradeDecider(context, this.#admission, this);
    this.#judges = new FirstMessageJudge(context, this.#admission);
  }

  /** Takes a client, as an HTTP server takes an upgrade. */
  take(client: MemoryClient, headers: Record<string, string>): void {
    clients.set(client.socket, client);
    const request = new IncomingMessage(client.socket);
    const line = { method: 'GET', url: '/', httpVersionMajor: 1, httpVersionMinor: 1 };
    Object.assign(request, line, { headers, rawHeaders: Object.entries(headers).flat() });
    const handshake = parseRequest(request);
    const isBad = handshake instanceof Refusal;
    const refusal = isBad ? handshake : this.#decider.decide(request, client.socket, handshake);
    if (refusal) {
      client.refuse(refusal);
    }
  }

  veto(): undefined {}

  refuse({ attempt, peer }: PendingUpgrade, refusal: Refusal): void {
    attempt.settle();
    this.context.reporter.refused(refusal, peer, 'handshake');
    clients.get(peer.socket)!.refuse(refusal);
  }

  defer(upgrade: PendingUpgrade): void {
    const { attempt, peer } = upgrade;
    const client = clients.get(peer.socket)!;
    this.#judges.expect(upgrade, () => peer.socket.destroy());
    attempt.onAbort(() => attempt.refusal && this.refuse(upgrade, attempt.refusal));
    client.keep = (first) => this.#judge(upgrade, client, first);
    client.accepted();
  }

  accept(upgrade: PendingUpgrade, authenticated: Authenticated): void {
    const { subject, peer, attempt } = upgrade;
    const client = clients.get(peer.socket)!;
    attempt.settle();
    peer.remember(subject.request, subject.original.bareUrl);
    const life = new SessionLifecycle(client, this.context, peer, authenticated);
    client.life = life;
    client.keep = undefined;
    this.clients.add(client);
    client.once('close', () => this.clients.delete(client));
    client.once('close', () => life.closed(1_006));
    if (this.#admission.begin(life, upgrade)) {
      client.accepted();
      client.context ??= new AsyncResource('connection');
      client.context.runInAsyncScope(() => {
        this.expect?.(client);
        this.emit('connection', client, subject.request);
      });
    }
  }

  /** Refuses the clients that are on their way, and ends the sessions. */
  close(): void {
    this.#decider.close();
    this.clients.forEach(({ life }) => life?.end({ why: 'shutdown' }));
  }

  /** Judges the first message, and handles what follows it. */
  #judge(upgrade: PendingUpgrade, client: MemoryClient, first: Message): void {
    const { policy } = this.context;
    const early = new EarlyMessages<Message>(policy, upgrade.attempt);
    client.keep = (message) => early.add(message, JSON.stringify(message).length);
    const text = JSON.stringify(first);
    const credential = policy.firstMessage!.read(text, policy.events.authenticate, policy.limits);
    void this.#judges.judge(upgrade, credential, (result) => {
      if (result instanceof Refusal) {
        this.refuse(upgrade, result);
      } else {
        this.accept(upgrade, result);
        early.take().forEach((message) => client.receive(message));
      }
    });
  }
}

class MemoryAdapter extends AbstractWsAdapter {
  constructor(private readonly context: AdapterContext) {
    super();
  }

  create(port: number, { path }: { readonly path?: string } = {}): MemoryServer {
    const context = this.context.sessionContextOf(port, path);
    return new MemoryServer(context!, this.context.expectationOn(port, path));
  }

  override bindClientDisconnect(client: MemoryClient, callback: () => void): void {
    client.on('close', callback);
  }

  override async close(server: MemoryServer): Promise<void> {
    server.close();
  }

  bindMessageHandlers(
    client: MemoryClient,
    handlers: WsMessageHandler[],
    transform: (result: unknown) => Observable<unknown>,
  ): void {
    client.on('message', ({ event, data }: Message) => {
      const handler = handlers.find(({ message }) => message === event);
      const results = handler ? from(Promise.resolve(handler.callback(data, event))) : from([]);
      results.pipe(mergeMap(transform)).subscribe((text) => client.sendText(text));
    });
  }
}

/** The platform of connections in memory. */
export const memory: Platform = {
  transport: 'memory' as WsAuthTransport,
  adapterName: MemoryAdapter.name,
  createAdapter: (context) => new MemoryAdapter(context),
  isAdapter: (adapter) => adapter instanceof MemoryAdapter,
  failClient: (client, _what, error) => {
    (client as MemoryClient).life?.end({ why: 'failed', reason: refusalOf(error)?.reason });
  },
  refuseClient: (client, { reason }) => {
    (client as MemoryClient).life?.end({ why: 'failed', reason });
  },
  emitTo: (client, _event, data) => (client as MemoryClient).sendText(data),
  holdClient: (held, onDropped) => {
    const client = held as MemoryClient;
    const messages: Message[] = [];
    client.onDropped = onDropped;
    client.keep = (message) => messages.push(message);
    return () => {
      client.keep = undefined;
      messages.forEach((message) => client.receive(message));
    };
  },
  onClosed: (client, callback) => void (client as MemoryClient).once('close', callback),
};
