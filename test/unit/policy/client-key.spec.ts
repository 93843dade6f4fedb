import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyOfClosedSocket } from '../../../lib/policy/address-key.js';
import { clientKey, socketKey } from '../../../lib/policy/client-key.js';
import {
  isBehindProxy,
  listensOnUnixSocket,
  proxyTrust,
  trustsUnixSocket,
} from '../../../lib/policy/proxy-trust.js';
import { upgradeRequest } from '../support/requests.js';

const forwarded = (value: string, remoteAddress?: string): IncomingMessage => {
  const request = upgradeRequest('/', [['X-Forwarded-For', value]]);
  Object.defineProperty(request.socket, 'remoteAddress', { value: remoteAddress });
  return request;
};

describe('clientKey', () => {
  it.each(['unknown', '_a', 'unix:', 'x', '1.2.3.4, unknown'])(
    'K4c: counts two clients with the address %j apart from each other, and from their proxy',
    (address) => {
      const keys = [1, 2].map(() =>
        clientKey(forwarded(address, '10.0.0.1'), proxyTrust('10.0.0.1')),
      );
      expect(new Set([...keys, '10.0.0.1', '1.2.3.4']).size).toBe(4);
    },
  );

  it('K4c: counts the address that a trusted proxy writes, and of no other', () => {
    const request = forwarded('[2001:db8:1::1]:51234', '10.0.0.1');
    expect(clientKey(request, proxyTrust('10.0.0.1'))).toBe('2001:db8:1:0::/64');
    expect(clientKey(request, proxyTrust(false))).toBe('10.0.0.1');
  });

  it('K4c: counts clients that left before their address was read together', () => {
    const request = forwarded('1.2.3.4');
    expect(clientKey(request, proxyTrust('loopback'))).toBe(keyOfClosedSocket);
    expect(socketKey(request.socket)).toBe(keyOfClosedSocket);
  });
});

describe('socketKey', () => {
  it('K4c: counts streams without an address apart from each other', () => {
    expect(socketKey(new PassThrough())).not.toBe(socketKey(new PassThrough()));
  });
});

describe('behind a Unix socket', () => {
  const server = createServer((_request, response) => void response.end());
  let folder: string;
  let request: IncomingMessage;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ws-auth-'));
    const socketPath = join(folder, 'http.sock');
    await once(server.listen(socketPath), 'listening');
    const heard = once(server, 'request');
    get({ socketPath, headers: { 'x-forwarded-for': '203.0.113.7' } }).on('error', () => undefined);
    [request] = (await heard) as [IncomingMessage];
  });

  afterAll(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
    await rm(folder, { recursive: true });
  });

  it.each<[Parameters<typeof proxyTrust>[0], boolean]>([
    [true, true],
    [1, true],
    [(address, hop) => address === undefined && hop === 0, true],
    ['loopback', true],
    ['127.0.0.0/8', true],
    ['10.0.0.1, ::1', true],
    [false, false],
    [0, false],
    [(address) => address.startsWith('127.'), false],
    ['10.0.0.1', false],
    [[], false],
  ])('K4d: trustProxy %s believes the proxy: %s', (option, trusted) => {
    const trust = proxyTrust(option);
    expect(listensOnUnixSocket(server)).toBe(true);
    expect(trustsUnixSocket(trust)).toBe(trusted);
    expect(isBehindProxy(request, trust)).toBe(trusted);
    const key = clientKey(request, trust);
    expect(key === '203.0.113.7').toBe(trusted);
    expect(key === clientKey(request, trust)).toBe(trusted);
  });

  it('K4d: knows a Unix socket that the server received as a file descriptor', () => {
    // What Node's server answers then; one process cannot listen on a socket twice.
    const inherited = { listening: true, address: () => null } as unknown as typeof server;
    expect(listensOnUnixSocket(inherited)).toBe(true);
    expect(listensOnUnixSocket(createServer())).toBe(false);
  });

  it('K4d: counts clients apart from each other that no proxy speaks for', () => {
    expect(socketKey(request.socket)).not.toBe(socketKey(request.socket));
  });
});
