import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { transportConformance } from 'nestjs-ws-auth/testing';
import { describe, it } from 'vitest';
import { patient } from '../support/patience.js';
import { openSocketIo } from './socket-io-transport.js';

const exceptions = {
  'queue-limit':
    'official clients send no event before they are accepted, and Socket.IO closes every other one that does',
};

const httpAdapters = {
  Express: () => new ExpressAdapter(),
  Fastify: () => new FastifyAdapter({ forceCloseConnections: true }) as never,
};

const stacks = Object.entries(httpAdapters).flatMap(([http, createHttpAdapter]) =>
  (['polling', 'websocket'] as const).map((transport) => ({ http, transport, createHttpAdapter })),
);

describe.each(stacks)(
  'Socket.IO on $http, by $transport, does what every transport must do',
  (stack) => {
    const options = { timeoutMs: patient(10_000), exceptions };
    for (const { name, exception, run } of transportConformance(openSocketIo(stack), options)) {
      it.skipIf(exception)(name, run);
    }
  },
);
