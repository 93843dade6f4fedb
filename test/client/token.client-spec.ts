import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WsAuthSocket } from '../../lib/client.js';
import { startProtected } from '../support/app.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';

afterEach(() => vi.unstubAllGlobals());

const alice = () => tokenOf('alice');

describe('a client without a token', () => {
  it.each([undefined, null, ''])('gives up without connecting: %s', async (token) => {
    await using app = await startProtected();
    const states: WsAuthSocket['state'][] = [];
    await using client = new ObservedSocket(app.url(), {
      token: () => token,
      onUnauthenticated: () => states.push(client.socket.state),
    });
    expect(await client.next('close')).toMatchObject({ code: 3000, reason: 'not logged in' });
    expect(states).toEqual(['closed']);
    expect(client.told).toEqual(['connecting', 'error', 'close']);
  });

  it('does not keep to itself what onUnauthenticated throws', async () => {
    const thrown: unknown[] = [];
    const { queueMicrotask: queue } = globalThis;
    vi.stubGlobal('queueMicrotask', (task: () => void) =>
      queue(() => {
        try {
          task();
        } catch (error) {
          thrown.push(error);
        }
      }),
    );
    const mistake = new Error('there is no login');
    await using client = new ObservedSocket('ws://127.0.0.1:9/', {
      token: () => undefined,
      onUnauthenticated: () => {
        throw mistake;
      },
    });
    await client.next('close');
    expect(thrown).toEqual([mistake]);
  });

  it('asks again when it could not be had, and says why', async () => {
    await using app = await startProtected();
    const cause = new Error('the server of tokens is out of reach');
    let asked = 0;
    await using client = new ObservedSocket(app.url(), {
      token: async () => {
        asked += 1;
        if (asked < 3) throw cause;
        return alice();
      },
    });
    expect(await client.next('waiting')).toMatchObject({ failures: 1, cause });
    expect(await client.next('waiting')).toMatchObject({ failures: 2, cause });
    await client.next('open');
  });

  it('says why it could not be had when it gives up', async () => {
    const cause = new Error('the server of tokens is out of reach');
    await using client = new ObservedSocket('ws://127.0.0.1:9/', {
      token: () => Promise.reject(cause),
      maxFailures: 1,
    });
    expect(await client.next('close')).toMatchObject({ code: 1006, reason: 'no token', cause });
  });

  it('shares the call of one source among sockets that connect together', async () => {
    await using app = await startProtected();
    let asked = 0;
    const token = () => {
      asked += 1;
      return alice();
    };
    await using one = new ObservedSocket(app.url(), { token });
    await using two = new ObservedSocket(app.url(), { token });
    await using three = new ObservedSocket(app.url(), { token });
    await Promise.all([one, two, three].map(({ socket }) => socket.authenticated));
    expect(asked).toBe(1);
  });
});
