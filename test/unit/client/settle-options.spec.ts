import { describe, expect, it } from 'vitest';
import {
  connect,
  cookie,
  firstMessage,
  queryParam,
  subprotocol,
  type ConnectOptions,
  type CookieWayOptions,
  type FirstMessageWayOptions,
  type SubprotocolWayOptions,
  type WsAuthEventNames,
} from '../../../lib/client.js';
import { settleOptions } from '../../../lib/client/settle-options.js';
import type { WebSocketConstructor } from '../../../lib/client/web-socket.js';
import { subscriptionParams } from '../../../lib/graphql-ws-client.js';
import { authenticate } from '../../../lib/socket-io-client.js';

const bridge = 'https://ws.example.com/bridge';
const base: ConnectOptions = {
  token: () => 'token',
  WebSocket: Object as unknown as WebSocketConstructor,
};

const options: Required<ConnectOptions> = {
  ...(base as Required<ConnectOptions>),
  via: firstMessage(),
  protocols: [],
  signal: new AbortController().signal,
  onUnauthenticated: () => undefined,
  events: {},
  closeActions: {},
  maxQueuedMessages: 1,
  maxQueuedBytes: 1,
  backOffMs: 1,
  maxBackOffMs: 1,
  maxFailures: 1,
  timeoutMs: 1,
  heartbeatMs: 1,
};
const events: WsAuthEventNames = {
  authenticate: 'a',
  authenticated: 'b',
  expiring: 'c',
  draining: 'f',
  ended: 'e',
  ping: 'd',
};
const ofFirstMessage: Required<FirstMessageWayOptions> = { format: 'raw' };
const ofSubprotocol: Required<SubprotocolWayOptions> = {
  prefix: 'p.',
  after: 'p',
  encoding: 'raw',
};
const ofCookie: CookieWayOptions = { bridge };

const open = (given: object) => connect('ws://127.0.0.1:9/', { ...base, ...given }).close();

/** Every object of options that the client takes. */
const calls = [
  { name: 'connect()', all: options, path: '', call: open },
  {
    name: 'connect() in events',
    all: events,
    path: 'events.',
    call: (given: object) => open({ events: given }),
  },
  { name: 'firstMessage()', all: ofFirstMessage, path: '', call: firstMessage },
  { name: 'subprotocol()', all: ofSubprotocol, path: '', call: subprotocol },
  {
    name: 'cookie()',
    all: ofCookie,
    path: '',
    call: (given: object) => cookie({ ...ofCookie, ...given }),
  },
].map((each) => ({ ...each, call: (given: object) => each.call(given) }));

/** One slip each. */
const slips = (name: string) =>
  [
    name.slice(0, -1),
    name.slice(0, 2) + name.slice(3),
    `${name}s`,
    name[0]!.toUpperCase() + name.slice(1),
    name.slice(0, 2) + 'x' + name.slice(2),
    name.slice(0, -2) + name.at(-1)! + name.at(-2)!,
  ].filter((slip) => slip !== name);

describe.each(calls)('the options of $name of the client', ({ all, path, call }) => {
  it('K11a: are accepted as documented', () => {
    expect(() => call(all)).not.toThrow();
  });

  it.each(Object.keys(all).filter((name) => name.length > 3))(
    'K11a: are refused where %s is misspelt, with the name that was meant',
    (name) => {
      for (const slip of slips(name).filter((each) => !(each in all))) {
        const message = `${path}${slip}: unknown option; did you mean `;
        expect(() => call({ [slip]: undefined })).toThrow(TypeError);
        expect(() => call({ [slip]: 1 })).toThrow(message);
      }
    },
  );

  it('K11a: are refused under a name that is like none, with those that there are', () => {
    expect(() => call({ zzzzzz: 1 })).toThrow(
      new RegExp(`^${path}zzzzzz: unknown option; did you mean .*${Object.keys(all)[0]}`),
    );
  });
});

/** Values that the extractors of the server refuse as well, with the option that the message names. */
const values: readonly [string, () => unknown, string][] = [
  ["firstMessage({ format: 'text' })", () => firstMessage({ format: 'text' as never }), 'format'],
  ["firstMessage({ format: 'RAW' })", () => firstMessage({ format: 'RAW' as never }), 'format'],
  ['firstMessage({ format: null })', () => firstMessage({ format: null as never }), 'format'],
  ["subprotocol({ encoding: 'hex' })", () => subprotocol({ encoding: 'hex' as never }), 'encoding'],
  [
    "subprotocol({ encoding: 'base64' })",
    () => subprotocol({ encoding: 'base64' as never }),
    'encoding',
  ],
  ["subprotocol('')", () => subprotocol(''), 'prefix'],
  ['subprotocol({ prefix: 1 })', () => subprotocol({ prefix: 1 as never }), 'prefix'],
  ["subprotocol({ after: '' })", () => subprotocol({ after: '' }), 'after'],
  ['subprotocol({ after: [] })', () => subprotocol({ after: [] as never }), 'after'],
  ["queryParam('')", () => queryParam(''), 'param'],
  ["queryParam({ param: 't' })", () => queryParam({ param: 't' } as never), 'param'],
  ["cookie({ bridge: 'wss://h/bridge' })", () => cookie({ bridge: 'wss://h/bridge' }), 'bridge'],
  ["cookie({ bridge: '/bridge' })", () => cookie({ bridge: '/bridge' }), 'bridge'],
  ['cookie({})', () => cookie({} as never), 'bridge'],
  ["via: 'firstMessage'", () => open({ via: 'firstMessage' }), 'via'],
  ['via: firstMessage, which is not called', () => open({ via: firstMessage }), 'via'],
  ['cookie()', () => cookie(undefined as never), 'bridge'],
];

/** Clients of all transports, and the options that each of them has. */
const clients: readonly [string, (given: object) => unknown, readonly string[]][] = [
  ['connect()', open, Object.keys(options)],
  [
    'authenticate() of Socket.IO',
    (given) => authenticate({} as never, { token: base.token, ...given }),
    ['token', 'onUnauthenticated', 'events', 'closeActions'],
  ],
  [
    'subscriptionParams() of GraphQL',
    (given) => subscriptionParams({ token: base.token, ...given }),
    ['token', 'onUnauthenticated', 'backOffMs', 'maxBackOffMs', 'maxFailures'],
  ],
];

/** Values that no option of a client has. A string is a list of subprotocols. */
const strangers = (name: string): readonly unknown[] =>
  [null, Number.NaN, true, 5n, Symbol('s'), 's'].filter(
    (each) => name !== 'protocols' || typeof each !== 'string',
  );

describe.each(clients)('a value of another type among the options of %s', (_name, call, names) => {
  it.each(names)('K11: is refused as %s, with the name of the option', (name) => {
    for (const value of strangers(name)) {
      expect(() => call({ [name]: value })).toThrow(new RegExp(`^${name}: `));
    }
  });
});

describe.each(clients.slice(0, 2))('the contract of %s', (_name, call) => {
  it.each([
    ['an action that there is not', { 3000: 'retry' }, '3000'],
    ['no action', { 4001: undefined }, '4001'],
    ['null as an action', { 4001: null }, '4001'],
    ['the name of a close code', { unauthorized: 'terminal' }, 'unauthorized'],
    ['a status of HTTP', { 401: 'newToken' }, '401'],
  ])('K11: is refused with %s', (_what, closeActions, code) => {
    expect(() => call({ closeActions })).toThrow(new RegExp(`^closeActions.${code}: expected `));
  });

  it.each(['', null, 1, Symbol('s')])('K11: is refused with the event %j', (expiring) => {
    expect(() => call({ events: { expiring } })).toThrow(/^events.expiring: expected /);
  });
});

describe('a client without options', () => {
  it('K11: is refused, and names the token', () => {
    expect(() => connect('ws://127.0.0.1:9/', undefined as never)).toThrow(/^token: /);
    expect(() => authenticate({} as never, null as never)).toThrow(/^token: /);
    expect(() => subscriptionParams(undefined as never)).toThrow(/^token: /);
  });
});

describe('the ways of the client', () => {
  it.each(values)('K11a: refuse %s, and name the option', (_call, make, option) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(new RegExp(`^${option}: expected `));
  });

  it('K11a: take an option that is undefined for one that is not given', () => {
    expect(() => firstMessage({ format: undefined } as object)).not.toThrow();
    expect(() => subprotocol({ prefix: undefined, encoding: undefined } as object)).not.toThrow();
    expect(() => queryParam(undefined)).not.toThrow();
    expect(() => cookie({ bridge: new URL(bridge) })).not.toThrow();
  });

  it.each(['HTTPS://ws.example.com/bridge', ' https://ws.example.com/bridge'])(
    'take the bridge %j, as new URL() does',
    (address) => {
      expect(() => cookie({ bridge: address })).not.toThrow();
    },
  );
});

describe('the option that was probably meant', () => {
  it.each(Object.keys(options).filter((name) => name.length > 3))(
    'K11a: is %s after one slip',
    (name) => {
      for (const slip of slips(name)) {
        expect(() => settleOptions(options, { [slip]: 1 })).toThrow(`mean ${name}?`);
      }
    },
  );
});
