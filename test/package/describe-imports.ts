import { describe, expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';
import type { Stack } from './stack.js';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly exports: Record<string, unknown>;
  readonly peerDependencies: Record<string, string>;
}

const manifest = JSON.parse(rootFile('package.json')) as Manifest;
/** All peers are optional to npm, so that a front end does not install Nest. A server can do without these. */
const optionalPeers = [
  '@nestjs/platform-socket.io',
  '@opentelemetry/api',
  'ioredis',
  'rate-limiter-flexible',
  'redis',
  'socket.io-client',
];
const demanded = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter(
  (name) => !optionalPeers.includes(name),
);
/** Entries that are of no use without an optional peer, and the peer. */
const purposes = { './opentelemetry': '@opentelemetry/api' };
/** The other platform. Where both are installed an application has to choose, so that `describe-socket-io.ts` loads it. */
const otherPlatform = { './socket.io': '@nestjs/platform-socket.io' };
const needs = { ...purposes, ...otherPlatform };
const entries = Object.keys(manifest.exports).filter(
  (entry) => !entry.endsWith('.json') && !(entry in needs),
);

/** Prints what the modules of the package ask for, by `import` and by `require`. */
const recorder = `
import { writeSync } from 'node:fs';
import Module, { register } from 'node:module';

const hooks = \`
import { writeSync } from 'node:fs';
export function resolve(specifier, context, next) {
  if (context.parentURL?.includes('/nestjs-ws-auth/dist/')) {
    writeSync(1, specifier + '\\\\n');
  }
  return next(specifier, context);
}\`;
register('data:text/javascript,' + encodeURIComponent(hooks));

const load = Module._load;
Module._load = function (specifier, parent, ...rest) {
  if (parent?.filename?.includes('/nestjs-ws-auth/dist/')) {
    writeSync(1, specifier + '\\n');
  }
  return load.call(this, specifier, parent, ...rest);
};
`;

/** Packages by the specifiers that lead to them: neither files of our own nor modules of Node.js. */
function packagesIn(specifiers: string): string[] {
  const names = specifiers
    .split('\n')
    .filter((specifier) => specifier !== '' && !/^(\.|node:|file:)/.test(specifier))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)![0]);
  return [...new Set(names)].toSorted();
}

/** Watches what importing the package asks for, in the folder of a stack that has none of the optional peers. */
export function describeImports(stackOf: () => Stack): void {
  const askedFor = async (specifier: string) =>
    packagesIn(
      await stackOf().consumer.evaluate(`await import('${specifier}')`, [
        '--import',
        `data:text/javascript,${encodeURIComponent(recorder)}`,
      ]),
    );

  describe('without the optional peers', () => {
    it('has every other peer, and none of these', () => {
      const { consumer } = stackOf();
      expect(demanded.filter((name) => !consumer.has(name))).toEqual([]);
      expect(optionalPeers.filter((name) => consumer.has(name))).toEqual([]);
    });

    it.each(entries)('asks for nothing that package.json does not demand: %s', async (entry) => {
      const asked = await askedFor(entry.replace('.', 'nestjs-ws-auth'));
      expect(asked.filter((name) => !demanded.includes(name))).toEqual([]);
    });

    it('asks for everything that package.json demands', async () => {
      const typesAlone = ['@types/ws', 'reflect-metadata'];
      const asked = [
        ...(await askedFor('nestjs-ws-auth')),
        ...(await askedFor('nestjs-ws-auth/ws')),
      ];
      expect([...new Set([...asked, ...typesAlone])].toSorted()).toEqual(demanded.toSorted());
    });

    it('asks for no platform until an application chooses one', async () => {
      const asked = await askedFor('nestjs-ws-auth');
      expect(asked.filter((name) => name === 'ws' || name.includes('platform'))).toEqual([]);
    });

    it.each(Object.entries(needs))('has no %s, which names the %s that it needs', (entry, peer) =>
      expect(askedFor(entry.replace('.', 'nestjs-ws-auth'))).rejects.toThrow(
        `Cannot find package '${peer}'`,
      ),
    );
  });

  describe.each(Object.entries(purposes))('%s', (entry, peer) => {
    it(`asks for ${peer} alone, and is loaded where that is installed`, async () => {
      await stackOf().consumer.install([`${peer}@${manifest.peerDependencies[peer]}`]);
      expect(await askedFor(entry.replace('.', 'nestjs-ws-auth'))).toEqual([peer]);
    });
  });
}
