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

describe('ownOrigin', () => {
  const forwarded: HeaderLines = [
    ['X-Forwarded-Proto', 'https, http'],
    ['X-Forwarded-Host', 'public.example, inner.example'],
  ];

  interface Case {
    readonly name: string;
    readonly peer?: Peer;
    readonly lines?: HeaderLines;
    readonly trust?: TrustProxy;
    readonly host?: string;
    readonly origin: string | undefined;
  }

  const cases: readonly Case[] = [
    { name: 'is the Host over cleartext', origin: 'http://gateway.example:3000' },
    {
      name: 'is the Host over TLS',
      peer: { encrypted: true },
      host: 'gateway.example:443',
      origin: 'https://gateway.example',
    },
    {
      name: 'trusts no proxy by default',
      lines: forwarded,
      origin: 'http://gateway.example:3000',
    },
    {
      name: 'believes a trusted proxy',
      lines: forwarded,
      trust: '10.0.0.1',
      origin: 'https://public.example',
    },
    {
      name: 'believes no other client',
      lines: forwarded,
      trust: 'loopback',
      origin: 'http://gateway.example:3000',
    },
    {
      name: 'takes the Host behind a proxy that forwards the scheme alone',
      lines: [['X-Forwarded-Proto', 'https']],
      trust: true,
      host: 'public.example',
      origin: 'https://public.example',
    },
    {
      name: 'reads wss as https',
      lines: [['X-Forwarded-Proto', 'wss']],
      trust: true,
      host: 'public.example',
      origin: 'https://public.example',
    },
    {
      name: 'reads ws as http',
      peer: { encrypted: true },
      lines: [['X-Forwarded-Proto', 'ws']],
      trust: true,
      host: 'public.example',
      origin: 'http://public.example',
    },
    {
      name: 'cannot be determined with an empty forwarded scheme',
      lines: [['X-Forwarded-Proto', '']],
      trust: true,
      origin: undefined,
    },
    {
      name: 'cannot be determined with a path in the forwarded host',
      lines: [['X-Forwarded-Host', 'evil.example/x']],
      trust: true,
      origin: undefined,
    },
    {
      name: 'cannot be determined with user information in the forwarded host',
      lines: [['X-Forwarded-Host', 'public.example@evil.example']],
      trust: true,
      origin: undefined,
    },
  ];

  for (const { name, peer = {}, lines, trust = false, host, origin } of cases) {
    it(name, () => {
      const request = requestFrom(peer, lines);
      expect(ownOrigin(request, host ?? 'gateway.example:3000', proxyTrust(trust))).toBe(origin);
    });
  }

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
