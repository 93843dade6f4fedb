import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { RunningSample } from './running-sample.js';

describe('the end of the sample', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends with exit code 0 on %s', async (signal) => {
    await using sample = await RunningSample.start();
    expect(await sample.stop(signal)).toEqual({ code: 0, signal: null });
  });

  it('closes connected clients with 1001 when it ends', async () => {
    await using sample = await RunningSample.start();
    const authenticated = new WebSocket(sample.ws(2, { path: `/?token=${await sample.token()}` }));
    const pending = new WebSocket(sample.ws(1));
    await Promise.all([once(authenticated, 'message'), once(pending, 'open')]);
    const closed = Promise.all([once(authenticated, 'close'), once(pending, 'close')]);
    expect(await sample.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect((await closed).map(([code]): unknown => code)).toEqual([1001, 1001]);
  });
});
