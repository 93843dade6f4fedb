import type { IncomingMessage } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebSocket, WebSocketServer } from 'ws';
import { WsAuthSessions, WsPublic } from '../../lib/index.js';
import { startGateways, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { tokenOf } from '../support/tokens.js';
import { turns } from '../support/turns.js';

/** What application code may throw: errors, other values, and what cannot even be looked at. */
const thrown: Readonly<Record<string, () => unknown>> = {
  'an error': () => new Error('SECRET'),
  'a text': () => 'SECRET',
  nothing: () => undefined,
  'an object without a text': () => Object.create(null) as unknown,
  'an object whose text throws': () => ({
    toString() {
      throw new Error('SECRET');
    },
  }),
  'an error that cannot be read': () =>
    new Proxy(new Error('SECRET'), {
      get: () => {
        throw new Error('SECRET');
      },
      getPrototypeOf: () => {
        throw new Error('SECRET');
      },
    }),
};

const fail = (what: () => unknown) => {
  throw what();
};

/** Code of an application that fails for the user `mallory` alone. */
interface Place {
  readonly name: string;
  /** Whether the client is closed with 1011; otherwise it stays, or is gone already. */
  readonly closes: boolean;
  /** How the log names the code. */
  readonly logged: string;
  readonly afterInit?: (server: WebSocketServer, what: () => unknown) => void;
  readonly onConnection?: (client: WebSocket, what: () => unknown) => unknown;
  readonly onDisconnect?: (what: () => unknown) => unknown;
}

const places: readonly Place[] = [
  {
    name: 'a listener of connection',
    closes: true,
    logged: 'a listener of "connection" threw',
    afterInit: (server, what) => {
      server.on('connection', (_client, request) => isMallory(request) && fail(what));
    },
  },
  {
    name: 'an async listener of connection',
    closes: true,
    logged: 'a listener of "connection" threw',
    afterInit: (server, what) => {
      // oxlint-disable-next-line typescript/no-misused-promises -- the mistake of an application
      server.on('connection', async (_client, request) => {
        await Promise.resolve();
        return isMallory(request) && fail(what);
      });
    },
  },
  {
    name: 'handleConnection',
    closes: true,
    logged: 'Gateway.handleConnection threw',
    onConnection: (_client, what) => fail(what),
  },
  {
    name: 'an async handleConnection',
    closes: true,
    logged: 'Gateway.handleConnection threw',
    onConnection: async (_client, what) => {
      await Promise.resolve();
      fail(what);
    },
  },
  {
    name: 'a listener of message',
    closes: true,
    logged: 'a listener of "message" threw',
    onConnection: (client, what) => client.on('message', () => fail(what)),
  },
  {
    name: 'an async listener of message',
    closes: true,
    logged: 'a listener of "message" threw',
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake of an application
    onConnection: (client, what) => client.on('message', async () => fail(what)),
  },
  {
    name: 'a listener of ping',
    closes: true,
    logged: 'a listener of "ping" threw',
    onConnection: (client, what) => client.on('ping', () => fail(what)),
  },
  {
    name: 'a listener of close',
    closes: false,
    logged: 'a listener of "close" threw',
    onConnection: (client, what) => client.on('close', () => fail(what)),
  },
  {
    name: 'an async listener of close',
    closes: false,
    logged: 'a listener of "close" threw',
    // oxlint-disable-next-line typescript/no-misused-promises -- the mistake of an application
    onConnection: (client, what) => client.on('close', async () => fail(what)),
  },
  {
    name: 'handleDisconnect',
    closes: false,
    logged: 'Gateway.handleDisconnect threw',
    onDisconnect: (what) => fail(what),
  },
  {
    name: 'an async handleDisconnect',
    closes: false,
    logged: 'Gateway.handleDisconnect threw',
    onDisconnect: async (what) => {
      await Promise.resolve();
      fail(what);
    },
  },
];

/** Every client names itself in a header, also where nothing asks it for a credential. */
function isMallory({ headers }: IncomingMessage): boolean {
  return headers['x-user'] === 'mallory';
}

class Lines implements LoggerService {
  readonly lines: string[] = [];
  readonly log = () => undefined;
  readonly warn = () => undefined;
  readonly error = (...message: unknown[]) => void this.lines.push(message.map(String).join(' '));
}

/** A gateway that answers, and records whether mallory has left. */
function gatewayOf(place: Place, what: () => unknown) {
  @WebSocketGateway({ path: '/chat' })
  class Gateway {
    hasMalloryLeft = false;
    mallory: WebSocket | undefined;

    afterInit(server: WebSocketServer): void {
      place.afterInit?.(server, what);
    }

    handleConnection(client: WebSocket, request: IncomingMessage): unknown {
      if (!isMallory(request)) {
        return undefined;
      }
      this.mallory = client;
      this.hasMalloryLeft = false;
      return place.onConnection?.(client, what);
    }

    handleDisconnect(client: WebSocket): unknown {
      if (client !== this.mallory) {
        return undefined;
      }
      this.hasMalloryLeft = true;
      return place.onDisconnect?.(what);
    }

    @SubscribeMessage('echo')
    echo() {
      return { event: 'echo', data: 'here' };
    }
  }
  return Gateway;
}

type Enter = (app: TestApp, user: string) => Promise<TestClient>;

const ways: Readonly<Record<string, Enter>> = {
  'in the upgrade': (app, user) => {
    const headers = { authorization: `Bearer ${tokenOf(user)}`, 'x-user': user };
    return app.connect('/chat', { headers }).opened();
  },
  'by its first message': async (app, user) => {
    const client = await app.connect('/chat', { headers: { 'x-user': user } }).opened();
    await client.emit('authenticate', { token: tokenOf(user) }).nextEvent();
    return client;
  },
};

const comeWithoutCredential: Enter = (app, user) =>
  app.connect('/chat', { headers: { 'x-user': user } }).opened();

async function provoke(client: TestClient, { closes }: Place): Promise<void> {
  client.socket.ping();
  client.emit('echo');
  if (closes) {
    expect(await client.closed()).toEqual({ code: 1011, reason: 'internal error' });
  } else {
    client.socket.close();
    await client.closed();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await turns(1);
  }
}

/** Expects one line in the log, and that the other client of the gateway notices nothing. */
async function expectContained(enter: Enter, place: Place, { app, logger, Gateway }: Running) {
  logger.lines.length = 0;
  await using alice = await enter(app, 'alice');
  await provoke(await enter(app, 'mallory'), place);
  await until(() => logger.lines.length > 0);
  expect(logger.lines).toHaveLength(1);
  expect(logger.lines[0]).toContain(place.logged);
  expect(logger.lines[0]).not.toContain('SECRET');
  expect(await alice.ask('echo')).toBe('here');
  await until(() => app.nest.get(WsAuthSessions).count() <= 1);
  if (place.name !== 'a listener of connection') {
    await until(() => app.nest.get(Gateway).hasMalloryLeft);
  }
}

interface Running {
  readonly app: TestApp;
  readonly logger: Lines;
  readonly Gateway: ReturnType<typeof gatewayOf>;
}

async function run(Gateway: Running['Gateway']): Promise<Running> {
  const logger = new Lines();
  return { app: await startGateways({}, [Gateway], { logger }), logger, Gateway };
}

describe.each(places)('K12d: $name', (place) => {
  let what = thrown['an error']!;
  let running: Running;
  beforeAll(async () => {
    running = await run(gatewayOf(place, () => what()));
  });
  afterAll(() => running.app[Symbol.asyncDispose]());

  it.each(
    Object.keys(ways).flatMap((way) => Object.keys(thrown).map((name) => [name, way] as const)),
  )('throws %s at a client that came %s', async (name, way) => {
    what = thrown[name]!;
    await expectContained(ways[way]!, place, running);
  });

  it('throws in a public gateway', async () => {
    const Gateway = gatewayOf(place, thrown['an error']!);
    WsPublic()(Gateway);
    const open = await run(Gateway);
    await using _app = open.app;
    await expectContained(comeWithoutCredential, place, open);
  });
});
