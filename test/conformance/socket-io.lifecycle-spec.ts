import { transportConformance } from 'nestjs-ws-auth/testing';
import { describe, it } from 'vitest';
import { patient } from '../support/patience.js';
import { openSocketIo } from './socket-io-transport.js';

const exceptions = {
  'queue-limit':
    'official clients send no event before they are accepted, and Socket.IO closes every other one that does',
};

describe.each(['polling', 'websocket'] as const)(
  'Socket.IO, by %s, does what every transport must do',
  (transport) => {
    const options = { timeoutMs: patient(10_000), exceptions };
    for (const { name, exception, run } of transportConformance(openSocketIo(transport), options)) {
      it.skipIf(exception)(name, run);
    }
  },
);
