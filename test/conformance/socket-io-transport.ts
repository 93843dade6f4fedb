import type { AbstractHttpAdapter } from '@nestjs/core';
import { WebSocket } from 'ws';
import { io, type Socket as ClientSocket } from 'socket.io-client';
import type { Server as IoServer, Socket } from 'socket.io';
import type { IncomingMessage } from 'node:http';
import { WsAuthModule } from '../../lib/index.js';
import type {
  ConformanceApplication,
  ConformanceClient,
  ConformanceCredential,
  ConformanceEnding,
  ConformanceNotice,
  OpenTransport,
  RunningTransport,
} from '../../lib/testing.js';
import { socketIo } from '../../lib/socket-io.js';
import { gatewayOf, listen, partsOf } from './application.js';
import { endingOf } from './web-socket-client.js';

/** How applications on Socket.IO run. */
interface IoStack {
  readonly transport: 'polling' | 'websocket';
  readonly createHttpAdapter: () => AbstractHttpAdapter;
}

/** Starts applications on Socket.IO for the conformance suite. */
export function openSocketIo(stack: IoStack): OpenTransport {
  return (application) => start(stack, application);
}

async function start(
  { transport, createHttpAdapter }: IoStack,
  { options, providers, gateway }: ConformanceApplication,
): Promise<RunningTransport> {
  const TestGateway = gatewayOf<Socket, IoServer>(gateway, ({ handshake, request }) => ({
    handshake,
    ...partsOf(request),
  }));
  const { app, port, close } = await listen(
    {
      imports: [WsAuthModule.forRoot({ ...options, platform: socketIo() })],
      providers: [...providers, TestGateway],
    },
    createHttpAdapter(),
  );
  const url = `http://127.0.0.1:${port}`;
  return {
    app,
    connect: (credential) =>
      credential.in === 'silent'
        ? new SilentClient(url, transport)
        : new IoConformanceClient(url, transport, credential),
    broadcast(text) {
      app.get(TestGateway).server.emit('text', text);
    },
    close,
  };
}

/** The official client. */
class IoConformanceClient implements ConformanceClient {
  readonly received: string[] = [];
  readonly notices: ConformanceNotice[] = [];
  readonly #socket: ClientSocket;
  readonly #ended: Promise<ConformanceEnding>;
  #end: (ending: ConformanceEnding) => void = () => undefined;

  constructor(url: string, transport: 'polling' | 'websocket', credential: ConformanceCredential) {
    this.#socket = io(url, {
      forceNew: true,
      reconnection: false,
      autoConnect: false,
      transports: [transport],
      ...optionsOf(credential),
    });
    this.#ended = new Promise((resolve) => (this.#end = resolve));
    this.#follow();
    this.#socket.on('text', (text: string) => this.received.push(text));
    for (const notice of ['authenticated', 'expiring'] as const) {
      this.#socket.on(notice, ({ expiresAt }: { readonly expiresAt: number | null }) => {
        this.notices.push({ notice, expiresAt });
      });
    }
    this.#socket.connect();
    followHandshake(this.#socket, this.#end);
  }

  ended(): Promise<ConformanceEnding> {
    return this.#ended;
  }

  /** The client itself closes where the clock of a case is ahead, so it is not asked once it is connected. */
  send(text: string): void {
    if (this.#socket.connected) {
      this.#socket.io.engine.write(`2${JSON.stringify(['text', text])}`);
    } else {
      this.#socket.emit('text', text);
    }
  }

  authenticate(token: string): void {
    this.#socket.emit('authenticate', { token });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#socket.disconnect();
    this.#end({ reason: '' });
    return Promise.resolve();
  }

  /** The first reason counts: an event states why, and what follows only that it ended. */
  #follow(): void {
    this.#socket.on('ended', (reason: Reason) => this.#end(reason));
    this.#socket.on('connect_error', (error: ConnectError) => {
      const reason = error.data?.reason ?? error.context?.responseText?.trim() ?? error.message;
      // Over WebSockets the text of a refusal by HTTP comes after its status.
      if (error.message !== 'websocket error') {
        this.#end({ code: error.data?.code, reason });
      }
    });
    this.#socket.on('disconnect', () => this.#end({ reason: '' }));
  }
}

interface ConnectError extends Error {
  readonly data?: Reason;
  readonly context?: { readonly responseText?: string };
}

/** Reads the text of a refusal by HTTP, which the official client hides. */
function followHandshake(socket: ClientSocket, end: (ending: ConformanceEnding) => void): void {
  const { ws } = socket.io.engine.transport as { readonly ws?: WebSocket };
  ws?.on?.('unexpected-response', (_request, response: IncomingMessage) => {
    void endingOf(response).then(end);
  });
}

function optionsOf(credential: ConformanceCredential) {
  if (credential.in === 'handshake') {
    return { extraHeaders: { authorization: `Bearer ${credential.token}` } };
  }
  return credential.in === 'message' ? { auth: { token: credential.token } } : {};
}

interface Reason {
  readonly code?: number;
  readonly reason: string;
}

/** A client that opens a connection of engine.io and joins no namespace. */
class SilentClient implements ConformanceClient {
  readonly received: string[] = [];
  readonly notices: ConformanceNotice[] = [];
  readonly #ended: Promise<ConformanceEnding>;
  readonly #stop = new AbortController();

  constructor(url: string, transport: 'polling' | 'websocket') {
    this.#ended = transport === 'polling' ? this.#poll(url) : webSocketEnd(url, this.#stop.signal);
  }

  ended(): Promise<ConformanceEnding> {
    return this.#ended;
  }

  send(): void {}

  authenticate(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended.catch(() => undefined);
  }

  async #poll(url: string): Promise<ConformanceEnding> {
    const { signal } = this.#stop;
    const address = `${url}/socket.io/?EIO=4&transport=polling`;
    const opened = await fetch(address, { signal });
    if (opened.status !== 200) {
      return { code: opened.status, reason: (await opened.text()).trim() };
    }
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { readonly sid: string };
    for (;;) {
      const polled = await fetch(`${address}&sid=${sid}`, { signal });
      const body = await polled.text();
      const refused = body.split('\u001e').find((packet) => packet.startsWith('44'));
      if (refused || body === '1') {
        return refused ? reasonIn(refused) : { code: polled.status, reason: '' };
      }
      if (polled.status !== 200) {
        // The poll came after the end, on a machine that is busy: the next connection is in time.
        return this.#poll(url);
      }
    }
  }
}

function webSocketEnd(url: string, signal: AbortSignal): Promise<ConformanceEnding> {
  const address = `${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`;
  const socket = new WebSocket(address);
  signal.addEventListener('abort', () => socket.terminate());
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer) => {
      if (data.toString().startsWith('44')) {
        resolve(reasonIn(data.toString()));
      }
    });
    socket.on('close', (code) => resolve({ code, reason: '' }));
  });
}

/** CONNECT_ERROR of the root namespace. */
function reasonIn(packet: string): Reason {
  return (JSON.parse(packet.slice(2)) as { readonly data: Reason }).data;
}
