import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { smokeChecks } from '../smoke/smoke-checks.js';
import { describeImports } from './describe-imports.js';
import { describeModuleSettings, packagesOfSettings } from './describe-module-settings.js';
import { describeQuickStart } from './describe-quick-start.js';
import { describeRunners, packagesOfRunners } from './describe-runners.js';
import {
  frameworkOf,
  httpAdapters,
  otherRuntimes,
  type Cell,
  type HttpAdapter,
  type NestMajor,
} from './matrix.js';
import { Stack, type ModuleKind, type SuiteResult } from './stack.js';

declare module 'vitest' {
  interface TaskMeta {
    /** The cell of the table in lib/guides/compatibility.md that a test fills. */
    cell?: Cell;
  }
}

/** The kind of modules that an application of that Nest is made of, as its CLI generates it. */
const usualKind = { 11: 'commonjs', 12: 'module' } as const satisfies Record<NestMajor, ModuleKind>;
const otherKind = { commonjs: 'module', module: 'commonjs' } as const;

/** Installs the tarball with each HTTP adapter, and runs the suite in test/matrix on every version of Node.js. */
export function describeStacks(nest: NestMajor): void {
  const stacks = new Map<HttpAdapter, Promise<Stack>>();
  // One installs while the other is tested.
  beforeAll(() => {
    const express = prepare(nest, 'express', (stack, kind) => stack.compileSuite(kind));
    const fastify = prepare(nest, 'fastify', async (stack, kind) =>
      stack.takeSuite(await express, kind),
    );
    stacks.set('express', express).set('fastify', fastify);
    stacks.forEach((stack) => void stack.catch(() => undefined));
  });
  afterAll(async () => {
    const settled = await Promise.allSettled(stacks.values());
    const ready = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    await Promise.all(ready.map((stack) => stack[Symbol.asyncDispose]()));
  });
  httpAdapters.forEach((http) => describeStack(nest, http, () => stacks.get(http)!));
}

async function prepare(
  nest: NestMajor,
  http: HttpAdapter,
  obtainSuite: (stack: Stack, kind: ModuleKind) => Promise<void>,
): Promise<Stack> {
  const more = { express: packagesOfRunners(nest), fastify: packagesOfSettings(nest) };
  const stack = await Stack.install(nest, http, more[http]);
  await Promise.all([obtainSuite(stack, 'commonjs'), obtainSuite(stack, 'module')]);
  return stack;
}

function describeStack(nest: NestMajor, http: HttpAdapter, prepared: () => Promise<Stack>): void {
  const usual = usualKind[nest];
  const other = otherKind[usual];

  describe(`the packed package with Nest ${nest} and ${frameworkOf[http].name}`, () => {
    let stack: Stack;
    beforeAll(async () => {
      stack = await prepared();
    });

    it.for(inject('nodes').map(({ version, path }) => [version, path] as const))(
      'passes the suite on Node.js %s',
      async ([version, path], { task }) => {
        task.meta.cell = { stack: stack.versions, runtime: `Node.js ${version}` };
        expectAllPassed(await stack.runSuite(usual, path));
      },
    );

    it.for(inject('runtimes').map((binary) => [binary.runtime, binary] as const))(
      'K12e: passes the smoke suite on %s, and warns where bounds cannot be raised',
      async ([runtime, binary], { task }) => {
        const { name, raisesBounds } = otherRuntimes[runtime];
        task.meta.cell = { stack: stack.versions, runtime: `${name} ${binary.version}` };
        await using server = await stack.startSmokeServer(binary);
        const warning = new RegExp(`^${name} ${binary.version}, .* at most 8448 bytes`);
        expect(await (raisesBounds ? [] : server.warned())).toEqual(
          raisesBounds ? [] : [expect.stringMatching(warning)],
        );
        for (const check of smokeChecks) {
          await check.run(server, { raisesBounds });
        }
        expect(server.warnings).toHaveLength(raisesBounds ? 0 : 1);
      },
    );

    it(`passes the suite as ${other}, too`, async () => {
      expectAllPassed(await stack.runSuite(other, process.execPath));
    });

    if (http === 'express') {
      describeQuickStart(() => stack);
      describeRunners(() => stack);
    } else if (nest === 12) {
      describeImports(() => stack);
    } else {
      describeModuleSettings(() => stack);
    }
  });
}

function expectAllPassed({ tests, passed, output }: SuiteResult): void {
  expect(passed, output).toBe(tests);
  expect(passed).toBeGreaterThan(40);
}
