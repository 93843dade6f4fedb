import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  Controller,
  Get,
  ServiceUnavailableException,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  fromQueryParam,
  WsAuthEvents,
  WsAuthHealth,
  WsAuthModule,
  WsAuthSessions,
  WsTickets,
} from '../../../lib/index.js';
import { EchoGateway } from '../../support/gateways.js';
import { JwtStrategy } from '../../support/strategies.js';
import { storeOn } from '../redis-clients.js';
import {
  farewell,
  toldEvents,
  type NodeCommands,
  type NodeSettings,
  type Question,
  type Report,
} from './messages.js';

/** What a balancer asks. */
@Controller('ready')
class ReadyController {
  constructor(private readonly health: WsAuthHealth) {}

  @Get()
  ready(): string {
    if (!this.health.isReady()) {
      throw new ServiceUnavailableException();
    }
    return 'ready';
  }
}

/**
 * A node in a process of its own: an application as anybody would write it, which answers its parent. It ends by itself,
 * with exit code 0, once its parent lets go of it, unless the application leaves something behind.
 */
async function main(settings: NodeSettings): Promise<void> {
  reportFaults();
  const { url, package: name = 'redis', redis, port = 0, ...options } = settings;
  const client = await storeOn(name, url, redis);
  const app = await NestFactory.create(
    {
      module: class NodeModule {},
      imports: [
        WsAuthModule.forRoot({
          strategy: 'jwt',
          tickets: {},
          store: client.store,
          credentials: [
            fromAuthorizationHeader(),
            fromFirstMessage(),
            fromQueryParam('ticket', { strategy: 'ws-ticket' }),
          ],
          ...options,
        }),
      ],
      controllers: [ReadyController],
      providers: [JwtStrategy, EchoGateway],
    },
    { logger: false },
  );
  reportEvents(app);
  process.on('message', listenWith(commandsOf(app)));
  process.once('disconnect', () => void app.close().then(() => client[Symbol.asyncDispose]()));
  app.enableShutdownHooks();
  await app.listen(port, '127.0.0.1');
  const server: Server = app.getHttpServer();
  report({ type: 'listening', port: (server.address() as AddressInfo).port });
}

function report(message: Report): void {
  if (process.connected) {
    // A parent that has ended receives nothing, and this process is not at fault.
    process.send!(message, undefined, undefined, () => undefined);
  }
}

/** Only watches: an uncaught error ends the process, as it would anywhere. */
function reportFaults(): void {
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    report({ type: 'fault', text: `${origin}: ${String(error)}` });
  });
  process.on('warning', ({ message }) => report({ type: 'fault', text: `warning: ${message}` }));
}

function reportEvents(app: INestApplication): void {
  const events = app.get(WsAuthEvents);
  for (const name of toldEvents) {
    events.on(name, () => report({ type: 'event', name }));
  }
}

/** Returns a function that returns the most sessions that have begun within one second since it was called before. */
function watchPeak(app: INestApplication): () => number {
  let beganAt: number[] = [];
  app.get(WsAuthEvents).on('authenticated', () => beganAt.push(performance.now()));
  return () => {
    let first = 0;
    let peak = 0;
    for (const [index, at] of beganAt.entries()) {
      while (beganAt[first]! <= at - 1_000) {
        first += 1;
      }
      peak = Math.max(peak, index - first + 1);
    }
    beganAt = [];
    return peak;
  };
}

function commandsOf(app: INestApplication): NodeCommands {
  const takePeak = watchPeak(app);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  return {
    revoke: (userId) => app.get(WsAuthSessions).revoke({ userId }),
    issueTicket: async (id) => (await app.get(WsTickets).issue({ id })).ticket,
    isReady: async () => app.get(WsAuthHealth).isReady(),
    rebalance: (overMs) => app.get(WsAuthSessions).rebalance({ overMs: Number(overMs) }),
    countSessions: async () => app.get(WsAuthSessions).count(),
    takePeak: async () => takePeak(),
    watchStalls: async () => {
      delays.reset();
      delays.enable();
    },
    longestStall: async () => delays.max / 1e6,
  };
}

function listenWith(commands: NodeCommands) {
  return (message: Question | typeof farewell): void => {
    if (message === farewell) {
      process.disconnect();
    } else {
      void answer(commands, message);
    }
  };
}

async function answer(commands: NodeCommands, question: Question): Promise<void> {
  const { id, command, argument } = question;
  try {
    report({ type: 'answer', id, value: await commands[command](argument) });
  } catch (error) {
    report({ type: 'failure', id, error: String(error) });
  }
}

await main(JSON.parse(process.argv[2]!) as NodeSettings);
