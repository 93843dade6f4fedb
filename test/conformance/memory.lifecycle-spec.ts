import { Test } from '@nestjs/testing';
import { Socket } from 'node:net';
import { WsAuthModule } from 'nestjs-ws-auth';
import {
  transportConformance,
  type ConformanceApplication,
  type ConformanceClient,
  type ConformanceCredential,
  type ConformanceEnding,
  type ConformanceNotice,
  type RunningTransport,
} from 'nestjs-ws-auth/testing';
import { describe, it } from 'vitest';
import { patient } from '../support/patience.js';
import { gatewayOf, partsOf } from './application.js';
import { memory, MemoryClient, type MemoryServer, type Message } from './memory-transport.js';

describe('a transport in memory, written by the recipe of CONTRIBUTING, does what every transport must do', () => {
  for (const { name, run } of transportConformance(open, { timeoutMs: patient(10_000) })) {
    it(name, run);
  }
});

async function open({
  options,
  providers,
  gateway,
}: ConformanceApplication): Promise<RunningTransport> {
  const TestGateway = gatewayOf<MemoryClient, MemoryServer>(
    gateway,
    (_client, request) => partsOf(request),
    (text) => text,
  );
  const module = await Test.createTestingModule({
    imports: [WsAuthModule.forRoot({ ...options, platform: memory })],
    providers: [...providers, TestGateway],
  }).compile();
  const app = module.createNestApplication({ logger: false });
  await app.init();
  const { server } = app.get(TestGateway);
  return {
    app,
    connect: (credential) => new ClientInMemory(server, credential),
    broadcast: (text) => [...server.protected.clients].forEach((client) => client.sendText(text)),
    close: () => app.close(),
  };
}

/** The client's end of a connection in memory. It sends when the server has accepted it. */
class ClientInMemory implements ConformanceClient {
  readonly received: string[] = [];
  readonly notices: ConformanceNotice[] = [];
  readonly #socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: '127.0.0.1' });
  readonly #server: MemoryClient;
  readonly #ended: Promise<ConformanceEnding>;
  #end: (ending: ConformanceEnding) => void = () => undefined;
  #waiting: Message[] | undefined = [];

  constructor(server: MemoryServer, credential: ConformanceCredential) {
    this.#ended = new Promise((resolve) => (this.#end = resolve));
    this.#server = new MemoryClient(this.#socket, (message) =>
      setImmediate(() => this.#take(message)),
    );
    this.#socket.once('close', () => setImmediate(() => this.#end({ reason: '' })));
    const isHeader = credential.in === 'handshake';
    const headers = isHeader ? { authorization: `Bearer ${credential.token}` } : {};
    setImmediate(() => server.take(this.#server, { host: 'memory', ...headers }));
    if (credential.in === 'message') {
      this.authenticate(credential.token);
    }
  }

  ended(): Promise<ConformanceEnding> {
    return this.#ended;
  }

  send(text: string): void {
    this.#send({ event: 'text', data: text });
  }

  authenticate(token: string): void {
    this.#send({ event: 'authenticate', data: { token } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  #send(message: Message): void {
    if (this.#waiting) {
      this.#waiting.push(message);
    } else {
      setImmediate(() => this.#server.inbox.receive(message));
    }
  }

  #take({ event, data }: Message): void {
    if (event === 'open') {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      waiting.forEach((message) => this.#send(message));
    } else if (event === 'ended') {
      this.#end({ reason: data as string });
    } else if (event === 'text') {
      this.received.push(data as string);
    } else {
      const { expiresAt } = data as { expiresAt: number | null };
      this.notices.push({ notice: event as ConformanceNotice['notice'], expiresAt });
    }
  }
}
