import { describe, expect, it } from 'vitest';
import { openTelemetry } from '../../../lib/opentelemetry.js';
import { redisWsAuthStore } from '../../../lib/redis.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import { ticketSettings } from '../../../lib/tickets/ticket-settings.js';
import { WsTickets } from '../../../lib/tickets/ws-tickets.service.js';
import { NodeSessions } from '../sessions/live-session-fakes.js';

const sessions = new NodeSessions();
const settings = { ttlMs: 30_000, maxPerUser: 100, maxTotal: 100 };
const tickets = new WsTickets(
  ticketSettings(settings, { store: new MemoryWsAuthStore(), userId: () => 'alice' }),
  sessions.live,
);

interface Call {
  readonly name: string;
  readonly options: readonly string[];
  /** What stands before the names in messages. */
  readonly path?: string;
  readonly call: (options: never) => unknown;
}

const calls: readonly Call[] = [
  {
    name: 'issue()',
    options: ['ttlMs', 'path', 'origin', 'address', 'info', 'sessionId'],
    call: (options) => tickets.issue({ id: 'alice' }, options),
  },
  {
    name: 'revoke()',
    options: ['reason', 'exceptSessionId', 'rememberMs'],
    call: (options) => sessions.revoke({ userId: 'alice' }, options),
  },
  {
    name: 'disconnect()',
    options: ['code', 'reason', 'exceptSessionId'],
    call: (options) => sessions.disconnect({ userId: 'alice' }, options),
  },
  {
    name: 'redisWsAuthStore()',
    options: ['keyPrefix', 'commandTimeoutMs'],
    call: (options) => redisWsAuthStore({} as never, options),
  },
  {
    name: 'openTelemetry()',
    options: ['meterProvider', 'tracerProvider', 'userIds'],
    path: 'openTelemetry.',
    call: openTelemetry,
  },
];

describe.each(calls)('K11a: the options of $name', ({ options, path = '', call }) => {
  const outcomeOf = async (given: unknown) => call(given as never);

  it.each(options)(
    'are refused where %s is misspelt, with the name that was meant',
    async (name) => {
      const misspelt = name.slice(0, 2) + name.slice(3);
      const hint = `${path}${misspelt}: unknown option; did you mean ${path}${name}?`;
      await expect(outcomeOf({ [misspelt]: undefined })).rejects.toThrow(hint);
    },
  );

  it.each([null, [], 'x', 5, new Map(), Promise.resolve({})])(
    'are refused as %j, which holds no options',
    async (given) => {
      await expect(outcomeOf(given)).rejects.toThrow('expected an object of options');
    },
  );
});

describe('K11a: the options of openTelemetry() and redisWsAuthStore()', () => {
  it.each([
    ['meterProvider', {}],
    ['tracerProvider', { getMeter: () => undefined }],
    ['userIds', 'yes'],
  ])('telemetry refuses another %s', (name, value) => {
    expect(() => openTelemetry({ [name]: value })).toThrow(`openTelemetry.${name}: expected`);
  });

  it.each([
    ['keyPrefix', 5],
    ['keyPrefix', 'a b'],
    ['commandTimeoutMs', '100'],
  ])('the store refuses another %s', (name, value) => {
    expect(() => redisWsAuthStore({} as never, { [name]: value })).toThrow(`${name}: expected`);
  });
});
