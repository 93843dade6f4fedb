import { createServer } from 'node:http2';
import { expect, it, vi } from 'vitest';
import { boundRequests, isDeferred } from '../../../lib/module/graphql-shutdown.js';

class ApolloDriver {}
class ApolloFederationDriver {}
class MercuriusDriver {}
class YogaDriver {}

it.each<[unknown, boolean]>([
  [{ driver: ApolloDriver }, true],
  [{ driver: ApolloFederationDriver, stopOnApplicationShutdown: undefined }, true],
  // forRootAsync() takes the driver apart from the options.
  [{ autoSchemaFile: true }, true],
  [{ driver: ApolloDriver, stopOnApplicationShutdown: true }, false],
  [{ driver: ApolloDriver, stopOnApplicationShutdown: false }, false],
  // They wait for requests as long as the HTTP server does.
  [{ driver: MercuriusDriver }, false],
  [{ driver: YogaDriver }, false],
  [undefined, false],
])('K6e: only Apollo ends requests while it stops: %o', (options, expected) => {
  expect(isDeferred(options)).toBe(expected);
});

it('K6e: leaves the connections of HTTP/2, which its server cannot end', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    boundRequests(createServer());
    expect(() => vi.advanceTimersByTime(10_000)).not.toThrow();
  } finally {
    vi.useRealTimers();
  }
});
