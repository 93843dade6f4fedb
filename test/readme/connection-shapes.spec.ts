import {
  Inject,
  Injectable,
  Scope,
  UseGuards,
  type CanActivate,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { defer, from } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { WsAuthModuleOptions } from '../../lib/index.js';
import { startApp, startGateways, type TestApp } from '../support/app.js';
import { restoreClocks, useFakeTimers } from '../support/clocks.js';
import { bearer } from '../support/tokens.js';
import { turns } from '../support/turns.js';
import { rootFile, section } from './readme.js';

restoreClocks();

const handles = 'a message is handled';
const processEnds = 'the process ends';

/** What happens to one client that sends a message as soon as it is connected, in order. */
let seen: string[] = [];

/** Long enough for the message to arrive, if it is handled meanwhile. */
async function work(): Promise<void> {
  for (let turn = 0; turn < 200 && !seen.includes(handles); turn += 1) {
    await turns(1);
  }
}

async function worksLong(): Promise<void> {
  seen.push('it begins');
  await work();
  seen.push('it ends');
}

function gatewayOf(connect: () => unknown): Type<object> {
  @WebSocketGateway({ path: '/' })
  class Gateway {
    handleConnection(): unknown {
      return connect();
    }

    @SubscribeMessage('note')
    note(): void {
      seen.push(handles);
    }
  }
  return Gateway;
}

function guarded(gateway: Type<object>): Type<object> {
  const prototype = gateway.prototype as object;
  const property = Object.getOwnPropertyDescriptor(prototype, 'handleConnection')!;
  UseGuards(refusing)(prototype, 'handleConnection', property);
  return gateway;
}

const refusing: CanActivate = { canActivate: () => false };

/** Guards of the class and global ones also run for each message, which is not what the table is about. */
const refusingConnections: CanActivate = {
  canActivate: (context) => context.getHandler().name !== 'handleConnection',
};

const ends = () => {
  seen.push('it begins', 'it ends');
};

const refuses = () => {
  seen.push('it begins');
  throw new WsException('no');
};

@Injectable({ scope: Scope.REQUEST })
class Caller {
  constructor(@Inject(REQUEST) readonly client: object) {}
}

function scopedGateway(): Type<object> {
  @WebSocketGateway({ path: '/' })
  class Gateway {
    constructor(readonly caller: Caller) {}

    handleConnection(): Promise<void> {
      return worksLong();
    }

    @SubscribeMessage('note')
    note(): void {
      seen.push(handles);
    }
  }
  return Gateway;
}

interface Shape {
  readonly name: string;
  readonly providers: () => Provider[];
  readonly options?: WsAuthModuleOptions;
}

const shapes: readonly Shape[] = [
  { name: 'synchronous', providers: () => [gatewayOf(ends)] },
  { name: '`async`', providers: () => [gatewayOf(worksLong)] },
  { name: 'throws', providers: () => [gatewayOf(refuses)] },
  {
    name: 'rejects',
    providers: () => [
      gatewayOf(async () => {
        await Promise.resolve();
        refuses();
      }),
    ],
  },
  {
    name: 'never ends',
    providers: () => [
      gatewayOf(() => {
        seen.push('it begins');
        return new Promise(() => undefined);
      }),
    ],
  },
  {
    name: 'guard on the class',
    providers: () => {
      const gateway = gatewayOf(ends);
      UseGuards(refusingConnections)(gateway);
      return [gateway];
    },
    options: { connectionGuards: true },
  },
  { name: 'guard on the method', providers: () => [guarded(gatewayOf(ends))] },
  {
    name: 'global guard',
    providers: () => [gatewayOf(ends), { provide: APP_GUARD, useValue: refusingConnections }],
    options: { connectionGuards: true },
  },
  { name: 'request-scoped gateway', providers: () => [Caller, scopedGateway()] },
  {
    name: 'returns an observable',
    providers: () => [gatewayOf(() => defer(() => from(worksLong())))],
  },
  {
    name: 'two gateways, one of them `async`',
    providers: () => [gatewayOf(worksLong), gatewayOf(() => undefined)],
  },
];

const timeoutMs = 5_000;

const onEnd = () => void seen.push(processEnds);

/** Runs code with what would end the process counted instead. */
async function watched(run: () => Promise<void>): Promise<void> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  events.forEach((event) => process.removeAllListeners(event).on(event, onEnd));
  try {
    await run();
    await turns(20);
  } finally {
    events.forEach((event, index) => {
      process.removeAllListeners(event);
      before[index]!.forEach((listener) => process.on(event, listener));
    });
  }
}

/** The first things that happen, up to the message or to the end of the client. */
async function storyOf(start: () => Promise<TestApp>): Promise<string> {
  seen = [];
  await watched(async () => {
    await using app = await start();
    const client = await app.connect('/', bearer()).opened();
    await turns(2);
    passTime(1);
    client.emit('note');
    const onClose = (code: number) => void seen.push(`closed with \`${code}\``);
    client.socket.once('close', onClose);
    await turns(300);
    if (!isOver() && !seen.includes('it ends')) {
      seen.push('`connectionTimeoutMs`');
    }
    passTime(timeoutMs);
    await turns(100);
    client.socket.off('close', onClose);
  });
  const story = [...new Set(seen)];
  const end = story.findIndex(isEnd);
  return story.slice(0, end === -1 ? undefined : end + 1).join(' → ');
}

function isEnd(event: string): boolean {
  return event.startsWith('closed') || event === processEnds;
}

function isOver(): boolean {
  return seen.some((event) => event === handles || isEnd(event));
}

/** RxJS throws what a subscriber throws from a timer. */
function passTime(byMs: number): void {
  try {
    vi.advanceTimersByTime(byMs);
  } catch {
    seen.push(processEnds);
  }
}

async function rowOf({ name, providers, options = {} }: Shape): Promise<string[]> {
  useFakeTimers();
  const stock = await storyOf(() =>
    startApp({ providers: providers() }, (nest) => nest.useWebSocketAdapter(new WsAdapter(nest))),
  );
  const ours = await storyOf(() => startGateways(options, providers()));
  return [name, stock, ours];
}

const rows = section(rootFile('lib/guides/migrating.md'), 'From guards that never ran')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').slice(1, -1))
  .map((cells) => cells.map((cell) => cell.trim()));

describe('the table of lib/guides/migrating.md', () => {
  it.each(shapes)('states what happens where handleConnection is: $name', async (shape) => {
    expect(rows).toContainEqual(await rowOf(shape));
  });
});
