import { transportConformance } from 'nestjs-ws-auth/testing';
import { describe, it } from 'vitest';
import { patient } from '../support/patience.js';
import { openWs } from './ws-transport.js';

describe('ws does what every transport must do', () => {
  for (const { name, run } of transportConformance(openWs, { timeoutMs: patient(10_000) })) {
    it(name, run);
  }
});
