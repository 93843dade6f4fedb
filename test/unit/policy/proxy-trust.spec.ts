import type { IncomingMessage } from 'node:http';
import proxyaddr from 'proxy-addr';
import { describe, expect, it } from 'vitest';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import type { WsAuthModuleOptions } from '../../../lib/policy/options.js';
import { clientAddress, ownOrigin, proxyTrust } from '../../../lib/policy/proxy-trust.js';
import { upgradeRequest, type HeaderLines } from '../support/requests.js';

type TrustProxy = NonNullable<WsAuthModuleOptions['trustProxy']>;

interface Peer {
  readonly address?: string | undefined;
  readonly encrypted?: boolean;
}

function requestFrom(
  { address = '10.0.0.1', encrypted = false }: Peer,
  lines: HeaderLines = [],
): IncomingMessage {
  const request = upgradeRequest('/', lines);
  Object.defineProperty(request.socket, 'remoteAddress', { value: address });
  return Object.assign(request, { socket: Object.assign(request.socket, { encrypted }) });
}

describe('proxyTrust', () => {
  it.each<[TrustProxy, string, number, boolean]>([
    [false, '127.0.0.1', 0, false],
    [true, '203.0.113.1', 9, true],
    [0, '127.0.0.1', 0, false],
    [1, '203.0.113.1', 0, true],
    [1, '203.0.113.1', 1, false],
    [2, '203.0.113.1', 1, true],
    ['loopback', '127.0.0.1', 0, true],
    ['loopback', '::1', 0, true],
    ['loopback', '10.0.0.1', 0, false],
    ['10.0.0.0/8', '10.1.2.3', 0, true],
    ['10.0.0.0/8', '11.0.0.1', 0, false],
    [['loopback', '10.0.0.1'], '10.0.0.1', 0, true],
    [[], '127.0.0.1', 0, false],
    [(address) => address === 'x', 'x', 0, true],
    ['loopback', '', 0, false],
    ['loopback, 10.0.0.0/8', '10.1.2.3', 0, true],
    ['loopback, 10.0.0.0/8', '127.0.0.1', 0, true],
    ['loopback, 10.0.0.0/8', '11.0.0.1', 0, false],
    ['loopback', 'unix:', 1, false],
    [(address) => address === 'unix:', 'unix:', 1, true],
    ['loopback', 'not an address', 0, false],
  ])('%j trusts %s at hop %d: %s', (option, address, hop, trusted) => {
    expect(proxyTrust(option)(address, hop)).toBe(trusted);
  });

  it.each<[TrustProxy]>([
    ['true'],
    ['nowhere'],
    ['10.0.0.0/99'],
    [['loopback', 'x']],
    [''],
    ['1'],
    [['loopback', '2']],
    ['loopback,'],
    ['loopback, 2'],
  ])('%j refuses to boot', (option) => {
    expect(() => proxyTrust(option)).toThrow(WsAuthConfigurationError);
    expect(() => proxyTrust(option)).toThrow(
      "trustProxy: expected addresses, subnets or 'loopback', 'linklocal', 'uniquelocal'",
    );
  });

  it.each(['true', 'false', '1'])(
    'K11: names the fix for the text %j, as an environment has it',
    (option) => {
      expect(() => proxyTrust(option)).toThrow(
        `the text '${option}' is none of them: pass ${option} without quotes`,
      );
      expect(() => proxyTrust('nowhere')).toThrow(/'uniquelocal'$/);
    },
  );

  it.each([Number.NaN, -1, 1.5])('%s hops refuse to boot', (option) => {
    expect(() => proxyTrust(option)).toThrow(WsAuthConfigurationError);
  });
});

describe('clientAddress', () => {
  it('is the address of the peer where no proxy names another', () => {
    expect(clientAddress(requestFrom({}), proxyTrust(true))).toBe('10.0.0.1');
  });

  it('RL-02: trusts no hop that a predicate throws on, or answers by a promise', () => {
    const throwing = proxyTrust(() => {
      throw new Error('not an address');
    });
    const promising = proxyTrust((() => Promise.resolve(true)) as unknown as () => boolean);
    expect(throwing('10.0.0.1', 0)).toBe(false);
    expect(promising('10.0.0.1', 0)).toBe(false);
    const rejecting = proxyTrust((() => Promise.reject(new Error('late'))) as never);
    expect(rejecting('10.0.0.1', 0)).toBe(false);
  });

  it.each<[unknown, boolean]>([
    [1, true],
    ['10.0.0.1', true],
    [['10.'], true],
    [0, false],
    ['', false],
    [null, false],
    [undefined, false],
  ])('K4d: takes %j of a predicate as Express does', (answer, trusted) => {
    expect(proxyTrust((() => answer) as () => boolean)('10.0.0.1', 0)).toBe(trusted);
    const ofExpress = proxyaddr(
      requestFrom({}, [['X-Forwarded-For', '203.0.113.7']]),
      () => answer as boolean,
    );
    expect(ofExpress === '203.0.113.7').toBe(trusted);
  });

  const forwarded: HeaderLines = [['X-Forwarded-For', '203.0.113.7, 198.51.100.2']];

  it.each<[TrustProxy, string]>([
    [false, '10.0.0.1'],
    [1, '198.51.100.2'],
    [2, '203.0.113.7'],
    [true, '203.0.113.7'],
    ['10.0.0.1', '198.51.100.2'],
  ])('believes the proxies of %j', (option, address) => {
    expect(clientAddress(requestFrom({}, forwarded), proxyTrust(option))).toBe(address);
  });

  it('is unknown when the socket is gone already, and what a client writes does not replace it', () => {
    const request = upgradeRequest('/', forwarded);
    expect(clientAddress(request, proxyTrust('loopback'))).toBeUndefined();
    expect(clientAddress(upgradeRequest('/'), proxyTrust(true))).toBeUndefined();
  });
});

interface Given {
  readonly peer?: Peer;
  readonly lines?: HeaderLines;
  readonly trust?: TrustProxy;
  readonly host?: string;
}

/** Behind a trusted proxy that sends these fields. */
const behind = (name: string, value: string, host = 'public.example'): Given => ({
  lines: [[name, value]],
  trust: true,
  host,
});

describe('ownOrigin', () => {
  const forwarded: HeaderLines = [
    ['X-Forwarded-Proto', 'https, http'],
    ['X-Forwarded-Host', 'public.example, inner.example'],
  ];

  const own = 'http://gateway.example:3000';
  const tls = { peer: { encrypted: true } };
  it.each<[string, string | undefined, Given]>([
    ['is the Host over cleartext', own, {}],
    ['is the Host over TLS', 'https://gateway.example', { ...tls, host: 'gateway.example:443' }],
    ['trusts no proxy by default', own, { lines: forwarded }],
    ['believes a trusted proxy', 'https://public.example', { lines: forwarded, trust: '10.0.0.1' }],
    ['believes no other client', own, { lines: forwarded, trust: 'loopback' }],
    ['takes the Host', 'https://public.example', behind('X-Forwarded-Proto', 'https')],
    ['reads wss as https', 'https://public.example', behind('X-Forwarded-Proto', 'wss')],
    ['reads ws as http', 'http://public.example', { ...tls, ...behind('X-Forwarded-Proto', 'ws') }],
    ['has no empty scheme', undefined, behind('X-Forwarded-Proto', '')],
    ['has no path', undefined, behind('X-Forwarded-Host', 'evil.example/x')],
    ['has no user', undefined, behind('X-Forwarded-Host', 'public.example@evil.example')],
  ])('%s', (_name, origin, { peer = {}, lines, trust = false, host }) => {
    const request = requestFrom(peer, lines);
    expect(ownOrigin(request, host ?? 'gateway.example:3000', proxyTrust(trust))).toBe(origin);
  });

  it('HS-06: is never read from the request target', () => {
    const request = Object.assign(requestFrom({}), { url: '//evil.example/ws' });
    expect(ownOrigin(request, 'gateway.example', proxyTrust(false))).toBe('http://gateway.example');
  });

  it('trusts no socket that has no address any more', () => {
    const request = upgradeRequest('/', forwarded);
    expect(ownOrigin(request, 'gateway.example', proxyTrust('loopback'))).toBe(
      'http://gateway.example',
    );
  });
});
