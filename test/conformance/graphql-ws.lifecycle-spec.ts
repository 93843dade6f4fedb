import { transportConformance } from 'nestjs-ws-auth/testing';
import { describe, it } from 'vitest';
import { patient } from '../support/patience.js';
import { openGraphqlWs } from './graphql-ws-transport.js';

const exceptions = {
  deadline:
    'graphql-ws closes with 4408 and a text of its own: the socket is not open before connection_init',
  'queue-limit':
    'nothing is kept: a client that does not wait for the acknowledgement is closed with 4401',
};

describe('graphql-ws does what every transport must do', () => {
  const options = { timeoutMs: patient(10_000), exceptions };
  for (const { name, exception, run } of transportConformance(openGraphqlWs, options)) {
    it.skipIf(exception)(name, run);
  }
});
