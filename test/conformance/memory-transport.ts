import type { WsMessageHandler } from '@nestjs/common';
import { AbstractWsAdapter } from '@nestjs/websockets';
import type { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { from, mergeMap, type Observable } from 'rxjs';
import type { AdapterContext } from '../../lib/adapters/adapter-context.js';
import type { NoticeData, SessionNotice } from '../../lib/adapters/connection.js';
import { endings } from '../../lib/adapters/endings.js';
import { refusalOf } from '../../lib/adapters/exception-refusal.js';
import { Inbox, type InboxMessage } from '../../lib/adapters/inbox.js';
import { MessageServer, type MessageConnection } from '../../lib/adapters/message-server.js';
import type { Platform } from '../../lib/adapters/platform.js';
import type { SessionLifecycle } from '../../lib/adapters/session-lifecycle.js';
import type { WsAuthTransport } from '../../lib/index.js';
import type { Refusal } from '../../lib/protocol/refusal.js';
import type { Ending } from '../../lib/sessions/live-session.js';

/** What travels over a connection in memory, in both directions. */
export type Message = InboxMessage;

/** The server's end of a connection: what gateways receive, and the port of its session. */
export class MemoryClient extends EventEmitter implements MessageConnection {
  readonly clients = [this];
  readonly inbox = new Inbox((message) => this.emit('message', message));
  context: AsyncResource | undefined;

  /** @param socket stands for the connection where its address and its end are asked for */
  constructor(
    readonly socket: Socket,
    private readonly deliver: (message: Message) => void,
  ) {
    super();
    socket.once('close', () => this.emit('close'));
  }

  get life(): SessionLifecycle {
    return this.inbox.life!;
  }

  /** For the application: sends a message while the session lives. */
  sendText(text: unknown): void {
    if (this.life.isOpen) {
      this.deliver({ event: 'text', data: text });
    }
  }

  accepted(): void {
    this.deliver({ event: 'open' });
  }

  send(notice: SessionNotice, data: NoticeData): void {
    this.deliver({ event: notice, data });
  }

  end({ why, reason }: Ending): void {
    this.inbox.drop();
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

/** A server that gateways are bound to. */
export class MemoryServer extends EventEmitter {
  readonly protected: MessageServer<MemoryClient>;

  constructor(context: AdapterContext, port: number, path: string | undefined) {
    super();
    this.protected = new MessageServer(context.sessionContextOf(port, path)!, (client, request) => {
      context.expectationOn(port, path)?.(client);
      this.emit('connection', client, request);
    });
  }

  /** Takes a client, as an HTTP server takes an upgrade. */
  take(client: MemoryClient, headers: Record<string, string>): void {
    const request = new IncomingMessage(client.socket);
    const line = { method: 'GET', url: '/', httpVersionMajor: 1, httpVersionMinor: 1 };
    Object.assign(request, line, { headers, rawHeaders: Object.entries(headers).flat() });
    this.protected.take(client, request, client.socket);
  }
}

class MemoryAdapter extends AbstractWsAdapter {
  constructor(private readonly context: AdapterContext) {
    super();
  }

  create(port: number, { path }: { readonly path?: string } = {}): MemoryServer {
    return new MemoryServer(this.context, port, path);
  }

  override bindClientDisconnect(client: MemoryClient, callback: () => void): void {
    client.on('close', callback);
  }

  override async close(server: MemoryServer): Promise<void> {
    server.protected.close();
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

const endClient = (client: object, reason: string | undefined) =>
  (client as MemoryClient).life.end({ why: 'failed', reason });

/** The platform of connections in memory. */
export const memory: Platform = {
  transport: 'memory' as WsAuthTransport,
  adapterName: MemoryAdapter.name,
  createAdapter: (context) => new MemoryAdapter(context),
  isAdapter: (adapter) => adapter instanceof MemoryAdapter,
  hasMade: () => true,
  failClient: (client, _what, error) => endClient(client, refusalOf(error)?.reason),
  refuseClient: (client, { reason }) => endClient(client, reason),
  emitTo: (client, _event, data) => (client as MemoryClient).sendText(data),
  holdClient: (client, onDropped) => (client as MemoryClient).inbox.hold(onDropped),
  onClosed: (client, callback) => void (client as MemoryClient).once('close', callback),
};
