import { afterEach, describe, expect, it, vi } from 'vitest';
import { firstMessage, subprotocol, type WsAuthSocket, type WsAuthWay } from '../../lib/client.js';
import { startProtected } from '../support/app.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';
import { scripted } from './scripted-socket.js';
import { Deferred } from '../../lib/client/deferred.js';

afterEach(() => vi.unstubAllGlobals());

const alice = () => tokenOf('alice');

describe('a client without a token', () => {
  it.each([undefined, null, ''])('gives up: %s', async (token) => {
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
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), {
      token: () => undefined,
      onUnauthenticated: () => {
        throw mistake;
      },
    });
    await client.next('close');
    expect(thrown).toEqual([mistake]);
  });

  it('asks again when it could not be had, and reports why', async () => {
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

  it('reports why it could not be had when it gives up', async () => {
    const cause = new Error('the server of tokens is out of reach');
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), {
      token: () => Promise.reject(cause),
      maxFailures: 1,
    });
    expect(await client.next('close')).toMatchObject({ code: 1006, reason: 'no token', cause });
  });

  it('shares a call that is under way among sockets of one source', async () => {
    const late = new Deferred<string>();
    const token = vi.fn(() => late.promise);
    const { WebSocket, socket } = scripted();
    const options = { token, WebSocket };
    await using one = new ObservedSocket('ws://127.0.0.1:9/', options);
    await using two = new ObservedSocket('ws://127.0.0.1:9/', options);
    (await socket(0)).open();
    (await socket(1)).open();
    await Promise.resolve();
    late.resolve('shared');
    await Promise.all([one, two].map((each) => each.next('authenticating')));
    expect(token).toHaveBeenCalledTimes(1);
  });
});

/** What a program without types may return by mistake. */
const noTexts: Readonly<Record<string, unknown>> = {
  'an answer': { access_token: 'a' },
  'a list': ['a'],
  'a number': 42,
  'a bigint': 42n,
  'a symbol': Symbol('a'),
  'a function': () => 'a',
  true: true,
};

const ways: Readonly<Record<string, WsAuthWay>> = {
  'first message': firstMessage(),
  'raw first message': firstMessage({ format: 'raw' }),
  subprotocol: subprotocol({ encoding: 'base64url' }),
};

describe.each(Object.entries(ways))('a token that is not text, by %s', (_way, via) => {
  it.each(Object.entries(noTexts))('K7k: is not sent: %s', async (_what, token) => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { via, token: () => token as string });
    const { reason, cause } = await client.next('waiting');
    expect([reason, cause]).toEqual(['no token', new TypeError('token: expected a string')]);
  });
});

const failing = () => {
  throw new RangeError('no');
};

it.each<[string, WsAuthWay]>([
  ['throws', { message: failing }],
  ['throws, behind a token in the URL', { url: (url) => url, message: failing }],
  ['returns an object', { message: () => ({}) as string }],
])(
  'K7k: a way whose message %s is tried again and does not end the program',
  async (_what, via) => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { via, token: alice });
    expect(await client.next('waiting')).toMatchObject({ code: 1006, reason: 'not prepared' });
  },
);
