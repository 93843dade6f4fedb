import { once } from 'node:events';
import { createClient, type Client } from 'graphql-ws';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  subscriptionParams,
  type SubscriptionParamsOptions,
  type Token,
} from '../../lib/graphql-ws-client.js';
import { sessionsOf, tokenFor } from '../support/connections.js';
import { hourMs } from '../support/clocks.js';
import { patient } from '../support/patience.js';
import { tokenOf } from '../support/tokens.js';
import { freePort } from '../support/app.js';
import { startGraphql, type News } from './graphql-app.js';

/** The official client as an application makes it, and what it receives. */
class LiveClient implements AsyncDisposable {
  readonly values: unknown[] = [];
  readonly closes: number[] = [];
  readonly client: Client;
  ended: unknown;
  /** Tokens that were obtained. */
  asked = 0;

  constructor(
    port: number,
    tokens: (asked: number) => Token | Promise<Token>,
    options: Partial<SubscriptionParamsOptions> = {},
  ) {
    const params = subscriptionParams({
      token: () => tokens((this.asked += 1)),
      backOffMs: 20,
      maxBackOffMs: 100,
      ...options,
    });
    this.client = createClient({
      url: `ws://127.0.0.1:${port}/graphql`,
      webSocketImpl: WebSocket,
      ...params,
    });
    this.client.on('closed', (event) => this.closes.push((event as { code: number }).code));
    this.client.subscribe(
      { query: 'subscription { latest }' },
      {
        next: ({ data }) => this.values.push(data?.['latest']),
        error: (error) => (this.ended = error),
        complete: () => (this.ended = 'complete'),
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It waits for a connection that is being made, which may fail.
    await Promise.resolve(this.client.dispose()).catch(() => undefined);
  }
}

function offlineTwice(asked: number): Promise<string> {
  return asked < 3 ? Promise.reject(new Error('offline')) : Promise.resolve(tokenOf('alice'));
}

describe('a subscription of the official client with subscriptionParams()', () => {
  it('lives on beyond its token on the same connection, renewed before the end', async () => {
    await using graphql = await startGraphql({ own: { expiryWarningMs: patient(700) } });
    const lives = [patient(1_200), hourMs];
    await using client = new LiveClient(graphql.app.port, (asked) =>
      tokenFor('alice', lives[asked - 1]!),
    );
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    const [session] = sessionsOf(graphql.app).ofUser('alice');
    await expect.poll(() => Date.now() > session!.expiresAt!).toBe(true);
    graphql.news.publish('later');
    await expect.poll(() => client.values).toEqual(['later']);
    expect([client.asked, client.closes]).toEqual([2, []]);
  });

  it('comes back with a newer token after its end', async () => {
    await using graphql = await startGraphql({ own: { expiryWarningMs: 0 } });
    const lives = [patient(700), hourMs];
    await using client = new LiveClient(graphql.app.port, (asked) =>
      tokenFor('alice', lives[asked - 1]!),
    );
    await expect.poll(() => client.closes).toEqual([4403]);
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    graphql.news.publish('again');
    await expect.poll(() => client.values).toEqual(['again']);
  });

  it('lives through a restart of the server', async () => {
    const port = await freePort();
    const first = await startGraphql({ start: { port } });
    await using client = new LiveClient(port, () => tokenOf('alice'));
    await expect.poll(() => first.news.subscribers).toBe(1);
    await first[Symbol.asyncDispose]();
    await expect.poll(() => client.closes.length > 1).toBe(true);
    await using second = await startGraphql({ start: { port } });
    await expect.poll(() => second.news.subscribers).toBe(1);
    second.news.publish('back');
    await expect.poll(() => client.values).toEqual(['back']);
    expect(client.closes[0]).toBe(1001);
  });

  it('comes back after a revocation with a token that was issued later', async () => {
    await using graphql = await startGraphql();
    await using client = new LiveClient(graphql.app.port, () => tokenOf('alice'));
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    await sessionsOf(graphql.app).revoke({ userId: 'alice' });
    await expect.poll(() => client.closes[0]).toBe(4403);
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    expect(client.ended).toBeUndefined();
  });

  it.each([
    ['no token is obtained', undefined],
    ['every token is refused', 'forged'],
  ])('ends, and asks for the login, where %s', async (_what, token) => {
    await using graphql = await startGraphql();
    let asked = 0;
    const onUnauthenticated = () => (asked += 1);
    await using client = new LiveClient(graphql.app.port, () => token, { onUnauthenticated });
    await expect.poll(() => client.ended).toBeDefined();
    expect(asked).toBe(1);
    expect(client.asked).toBeLessThan(4);
  });

  it('K7b: leaves pings of the application to it that have the name of the protocol', async () => {
    await using graphql = await startGraphql();
    await using client = new LiveClient(graphql.app.port, () => tokenOf('alice'));
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    const own = [{ auction: 17 }, { expiresAt: 'soon' }, { expiresAt: 1, lot: 2 }, 5, undefined];
    await pinged(graphql.news, [
      ...own.map((data) => ({ event: 'expiring', data })),
      { event: 'auction', data: { expiresAt: 1 } },
    ]);
    expect([client.asked, client.closes]).toEqual([1, []]);
  });

  it('K7b: renews once where the server announces an end many times', async () => {
    await using graphql = await startGraphql();
    await using client = new LiveClient(graphql.app.port, () => tokenOf('alice'));
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    const ping = { event: 'expiring', data: { expiresAt: Date.now() + 60_000 } };
    await pinged(
      graphql.news,
      Array.from({ length: 40 }, () => ping),
    );
    expect([client.asked, client.closes]).toEqual([2, []]);
  });

  it.each([undefined, null, ''])(
    'K7i: ends, and asks for the login, where no user is logged in at a renewal: %s',
    async (nothing) => {
      await using graphql = await startGraphql({ own: { expiryWarningMs: hourMs - 1_000 } });
      let logins = 0;
      const onUnauthenticated = () => (logins += 1);
      const first = tokenFor('alice', hourMs);
      await using client = new LiveClient(
        graphql.app.port,
        (asked) => (asked === 1 ? first : nothing),
        { onUnauthenticated },
      );
      await expect.poll(() => client.ended).toBeDefined();
      expect([client.asked, logins]).toEqual([2, 1]);
      await expect.poll(() => sessionsOf(graphql.app).count()).toBe(0);
    },
  );

  it('asks again for a token that cannot be had at present', async () => {
    await using graphql = await startGraphql();
    await using client = new LiveClient(graphql.app.port, offlineTwice);
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    expect(client.asked).toBe(3);
  });

  it('ends where the application disconnects it', async () => {
    await using graphql = await startGraphql();
    await using client = new LiveClient(graphql.app.port, () => tokenOf('alice'));
    await expect.poll(() => graphql.news.subscribers).toBe(1);
    sessionsOf(graphql.app).disconnect({ userId: 'alice' });
    await expect.poll(() => client.ended).toMatchObject({ code: 4401 });
  });

  it('gives up after so many failures', async () => {
    const port = await freePort();
    await using client = new LiveClient(port, () => 'any', { maxFailures: 3 });
    await expect.poll(() => client.ended).toBeDefined();
    expect(client.closes).toHaveLength(3);
  });
});

const wrong: [object, RegExp][] = [
  [{ token: 'text' }, /^token: expected function/],
  [{ token: () => 'a', tokn: 1 }, /^tokn: unknown option; did you mean token/],
  [{ token: () => 'a', backOffMs: -1 }, /^backOffMs: out of bounds/],
  [{ token: () => 'a', heartbeatMs: 1 }, /^heartbeatMs: unknown option/],
];

it.each(wrong)('refuses %o', (options, message) => {
  expect(() => subscriptionParams(options as never)).toThrow(message);
});

it('K7e: waits for ever where all delays are infinite, and does not try again at every turn', async () => {
  const infinite = { backOffMs: Infinity, maxBackOffMs: Infinity };
  const { on, shouldRetry, retryWait } = subscriptionParams({ token: () => 'a', ...infinite });
  on.connecting();
  on.closed({ code: 1006 });
  expect(shouldRetry()).toBe(true);
  const timers = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => timers.mockRestore());
  void retryWait();
  expect(timers).not.toHaveBeenCalled();
});

/** Sends pings in the order of the list; resolves when the client has read them all. */
async function pinged(news: News, payloads: readonly unknown[]): Promise<void> {
  const { socket } = (news.contexts as [{ req: { extra: { socket: WebSocket } } }])[0].req.extra;
  const read = once(socket, 'pong');
  payloads.forEach((payload) => socket.send(JSON.stringify({ type: 'ping', payload })));
  socket.ping();
  await read;
}
