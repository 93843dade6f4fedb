import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Application } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WsAuthEvents, type WsAuthModuleOptions } from '../../lib/index.js';
import { addressKey } from '../../lib/policy/address-key.js';
import { startProtected, type TestApp } from '../support/app.js';
import { tokenOf } from '../support/tokens.js';

type Trust = NonNullable<WsAuthModuleOptions['trustProxy']>;
type Fields = Record<string, string>;
type Transport = 'TCP' | 'a Unix socket';

let folder: string;
let sockets = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ws-auth-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** An application behind one extractor, and where to reach it. */
interface Reached extends AsyncDisposable {
  readonly app: TestApp;
  readonly url: string;
  /** What Express answers for a request with these fields. */
  expressIp(fields: Fields): Promise<string | undefined>;
  /** The address that limits, events and the log have for an upgrade with these fields. */
  address(fields: Fields, path?: string): Promise<string>;
}

async function startOn(
  extractor: Transport,
  options: WsAuthModuleOptions,
  logger?: LoggerService,
): Promise<Reached> {
  const httpAdapter = new ExpressAdapter();
  const express = httpAdapter.getInstance<Application>();
  express.set('trust proxy', options.trustProxy);
  express.get('/ip', (asked, response) => void response.json({ ip: asked.ip }));
  sockets += 1;
  const socketPath = join(folder, `${sockets}.sock`);
  const unix = extractor === 'a Unix socket' ? { socketPath } : {};
  const app = await startProtected(options, [], {
    httpAdapter,
    ...unix,
    ...(logger && { logger }),
  });
  const url = 'socketPath' in unix ? `ws+unix:${socketPath}:` : app.url('');
  const target = 'socketPath' in unix ? unix : { port: app.port };
  const said: string[] = [];
  const note = ({ address }: { address: string }) => void said.push(address);
  app.nest.get(WsAuthEvents).on('authenticating', note);
  app.nest.get(WsAuthEvents).on('refused', note);
  return {
    app,
    url,
    expressIp: (headers) => askExpress({ ...target, path: '/ip', headers }),
    async address(fields, path = '/') {
      const headers = { authorization: 'Bearer wrong', ...fields };
      await app.connectTo(url + path, { headers }).refusal();
      return said.splice(0).at(-1)!;
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

function askExpress(options: object): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve((JSON.parse(body) as { ip?: string }).ip));
    });
    asked.on('error', reject).end();
  });
}

const from = (address: string): Fields => ({ 'x-forwarded-for': address });

const trusts: readonly [name: string, trust: Trust][] = [
  ['false', false],
  ['true', true],
  ['0', 0],
  ['1', 1],
  ['2', 2],
  ["'loopback'", 'loopback'],
  ["'loopback, 10.0.0.0/8'", 'loopback, 10.0.0.0/8'],
  ["['loopback', 'uniquelocal']", ['loopback', 'uniquelocal']],
  ["'10.0.0.1'", '10.0.0.1'],
  ['a predicate by hop', (_address, hop) => hop < 1],
  ['a predicate by address', (address) => address === undefined || address === '127.0.0.1'],
];

const chains: readonly string[] = [
  '203.0.113.7',
  '203.0.113.7, 10.0.0.1',
  '198.51.100.9, 203.0.113.7, 10.0.0.1',
  '2001:db8:1::1',
  '[2001:db8:1::1]:51234',
  '203.0.113.7:4242',
  '::ffff:203.0.113.7',
  'fe80::1%eth0',
  'unknown',
  '_hidden, 10.0.0.1',
  'unix:',
  'garbage, 203.0.113.7',
  '203.0.113.7, garbage',
  ',',
  '',
];

const transports: readonly Transport[] = ['TCP', 'a Unix socket'];

for (const extractor of transports) {
  describe(`over ${extractor}`, () => {
    it.each(trusts)(
      'K4d: finds the client that Express finds, with trustProxy %s',
      async (_name, trustProxy) => {
        await using reached = await startOn(extractor, { trustProxy });
        // A list has no way to name a Unix socket in Express; here it counts as loopback.
        const isLocal = extractor === 'a Unix socket' && String(trustProxy).includes('loopback');
        const loopback = isLocal && (await startOn('TCP', { trustProxy }));
        const express = loopback || reached;
        for (const chain of chains) {
          const ip = (await express.expressIp(from(chain))) ?? '';
          const isPeer = isLocal && ip === '127.0.0.1';
          const expected = isPeer ? undefined : addressKey(ip);
          const unreadable: unknown = expect.stringMatching(/^unknown:/);
          expect([chain, await reached.address(from(chain))]).toEqual([
            chain,
            expected ?? unreadable,
          ]);
        }
        await (loopback && loopback[Symbol.asyncDispose]());
      },
    );

    it.each<[string, Fields]>([
      ['unknown', from('unknown')],
      ['_obfuscated', from('_obfuscated')],
      ['for="[2001:db8::1]"', from('for="[2001:db8::1]"')],
      ['unix:', from('unix:')],
      ['[::1', from('[::1')],
    ])('K4c: one client with the address %s locks out no other', async (_name, fields) => {
      const failedAttempts = { perAddress: { points: 1, windowMs: 60_000 } };
      const limits = { maxPendingPerAddress: 1, failedAttempts };
      await using reached = await startOn(extractor, { trustProxy: 1, ...limits });
      const { app, url } = reached;
      const waiting = [1, 2].map(() => app.connectTo(`${url}/`, { headers: fields }));
      await Promise.all(waiting.map((client) => client.opened()));
      const addresses = new Set<string>();
      for (const path of ['/', '/', '/nowhere', '/nowhere']) {
        addresses.add(await reached.address(fields, path));
      }
      expect(addresses.size).toBe(4);
      const headers = { ...fields, authorization: `Bearer ${tokenOf('bob')}` };
      const bob = await app.connectTo(`${url}/`, { headers }).opened();
      expect(await bob.ask('whoami')).toMatchObject({ user: 'bob' });
    });

    it.each<[string, string]>([
      ['[2001:db8:1::1]:51234', '[2001:db8:1::2]:4'],
      ['203.0.113.7:1', '::ffff:203.0.113.7'],
      ['2001:db8:1::1%eth0', '2001:db8:1:0:f::'],
    ])('K4c: failures from %s count for %s, and for no other', async (first, second) => {
      const failedAttempts = { perAddress: { points: 1, windowMs: 60_000 } };
      await using reached = await startOn(extractor, { trustProxy: 1, failedAttempts });
      const status = async (address: string) => {
        const headers = { ...from(address), authorization: 'Bearer wrong' };
        return (await reached.app.connectTo(`${reached.url}/`, { headers }).refusal()).status;
      };
      expect(await status(first)).toBe(401);
      expect(await status(second)).toBe(429);
      expect(await status('[2001:db8:2::1]:51234')).toBe(401);
    });

    it.each([
      ['/', '203.0.113.7', '203.0.113.7'],
      ['/nowhere', '203.0.113.7', '203.0.113.7'],
      ['/nowhere', '[2001:db8:1::1]:51234', '2001:db8:1:0::/64'],
    ])('K4c: names the client of a refusal for %s alike', async (path, address, key) => {
      await using reached = await startOn(extractor, { trustProxy: 1 });
      expect(await reached.address(from(address), path)).toBe(key);
    });
  });
}

const ignore = () => undefined;

it.each<[Trust, number]>([
  [false, 1],
  [0, 1],
  ['10.0.0.1', 1],
  [(address) => address === '10.0.0.1', 1],
  [true, 0],
  [1, 0],
  ['loopback', 0],
])('K4d: on a Unix socket, trustProxy %s warns %i times at boot', async (trustProxy, times) => {
  const warnings: string[] = [];
  const warn = (line: string) => void warnings.push(line);
  const logger = { log: ignore, error: ignore, warn };
  await using _reached = await startOn('a Unix socket', { trustProxy }, logger);
  expect(warnings.filter((line) => line.startsWith('trustProxy: '))).toHaveLength(times);
});
