import type { Approach } from './encounter.js';
import type { RunningSample } from './running-sample.js';

/** How to reach one gateway of the sample with a token, for a client that may set any header. */
export interface Way {
  readonly name: string;
  /** What `whoami` calls it. */
  readonly via?: string;
  /** Whether a wrong token is refused before or after the connection opens. */
  readonly decides: 'handshake' | 'first message';
  approach(sample: RunningSample, user: string, token: string): [string, Approach];
}

/** What a browser sends: a cookie is of no use without the origin of a page that may use it. */
function cookieOf(sample: RunningSample, token: string): Readonly<Record<string, string>> {
  return { cookie: `token=${token}`, origin: `http://localhost:${sample.port}` };
}

/** The six gateways that greet. */
export const greetingGateways: readonly Way[] = [
  {
    name: 'first message',
    decides: 'first message',
    approach: (sample, _user, token) => [sample.ws(1), { send: token }],
  },
  {
    name: 'query parameter',
    decides: 'handshake',
    approach: (sample, _user, token) => [sample.ws(2, { path: `/?token=${token}` }), {}],
  },
  {
    name: 'cookie',
    decides: 'handshake',
    approach: (sample, _user, token) => [sample.ws(3), { headers: cookieOf(sample, token) }],
  },
  {
    name: 'HTTP Basic',
    decides: 'handshake',
    approach: (sample, user, token) => [sample.ws(4, { userInfo: `${user}:${token}` }), {}],
  },
  {
    name: 'user information',
    decides: 'handshake',
    approach: (sample, _user, token) => [sample.ws(5, { userInfo: `${token}:x` }), {}],
  },
  {
    name: 'subprotocol',
    decides: 'handshake',
    approach: (sample, _user, token) => [sample.ws(6), { protocols: ['chat', `bearer.${token}`] }],
  },
];

const whoami = JSON.stringify({ event: 'whoami' });

/** The ways of the combined endpoint that decide during the handshake. */
export const combinedWays: readonly Way[] = [
  {
    name: 'Bearer header on /ws',
    via: 'fromAuthorizationHeader',
    decides: 'handshake',
    approach: (sample, _user, token) => [
      sample.ws(0, { path: '/ws' }),
      { headers: { authorization: `Bearer ${token}` }, send: whoami },
    ],
  },
  {
    name: 'Basic URL on /ws',
    via: 'fromAuthorizationHeader',
    decides: 'handshake',
    approach: (sample, user, token) => [
      sample.ws(0, { path: '/ws', userInfo: `${user}:${token}` }),
      { send: whoami },
    ],
  },
  {
    name: 'query parameter on /ws',
    via: 'fromQueryParam',
    decides: 'handshake',
    approach: (sample, _user, token) => [
      sample.ws(0, { path: `/ws?token=${token}` }),
      { send: whoami },
    ],
  },
  {
    name: 'cookie on /ws',
    via: 'fromCookie',
    // A first message may follow a bad cookie.
    decides: 'first message',
    approach: (sample, _user, token) => [
      sample.ws(0, { path: '/ws' }),
      { headers: cookieOf(sample, token), send: whoami },
    ],
  },
  {
    name: 'user information on /ws',
    via: 'fromUserInfo',
    decides: 'handshake',
    approach: (sample, _user, token) => [
      sample.ws(0, { path: '/ws', userInfo: `${token}:x` }),
      { send: whoami },
    ],
  },
  {
    name: 'subprotocol on /ws',
    via: 'fromSubprotocol',
    decides: 'handshake',
    approach: (sample, _user, token) => [
      sample.ws(0, { path: '/ws' }),
      { protocols: ['chat', `bearer.${token}`], send: whoami },
    ],
  },
];
