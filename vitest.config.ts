import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';
import { patient } from './test/support/patience.js';

const lib = fileURLToPath(new URL('./lib/index.ts', import.meta.url));
const graphqlWs = fileURLToPath(new URL('./lib/graphql-ws.ts', import.meta.url));
const graphqlWsClient = fileURLToPath(new URL('./lib/graphql-ws-client.ts', import.meta.url));
const redis = fileURLToPath(new URL('./lib/redis.ts', import.meta.url));
const client = fileURLToPath(new URL('./lib/client.ts', import.meta.url));
const opentelemetry = fileURLToPath(new URL('./lib/opentelemetry.ts', import.meta.url));
const socketIo = fileURLToPath(new URL('./lib/socket-io.ts', import.meta.url));
const socketIoClient = fileURLToPath(new URL('./lib/socket-io-client.ts', import.meta.url));
const testing = fileURLToPath(new URL('./lib/testing.ts', import.meta.url));

/** Compiles `lib` and `sample` once per run, however many projects ask for it. */
const build = 'test/support/build.ts';

export default defineConfig({
  plugins: [
    {
      // Nest's platform of Socket.IO is installed under another name: an application with two platforms and no choice refuses to
      // boot. Only the code that imports it finds it, and not the code that looks for what is installed.
      name: 'socket-io-platform',
      enforce: 'pre',
      resolveId(source, importer = '') {
        const imports = source === '@nestjs/platform-socket.io' && /socket-io|test/.test(importer);
        return imports ? this.resolve('socket.io-platform', importer) : undefined;
      },
    },
  ],
  resolve: {
    alias: [
      { find: /^nestjs-ws-auth$/, replacement: lib },
      { find: /^nestjs-ws-auth\/graphql-ws$/, replacement: graphqlWs },
      { find: /^nestjs-ws-auth\/graphql-ws-client$/, replacement: graphqlWsClient },
      { find: /^nestjs-ws-auth\/redis$/, replacement: redis },
      { find: /^nestjs-ws-auth\/client$/, replacement: client },
      { find: /^nestjs-ws-auth\/opentelemetry$/, replacement: opentelemetry },
      { find: /^nestjs-ws-auth\/socket\.io$/, replacement: socketIo },
      { find: /^nestjs-ws-auth\/socket\.io-client$/, replacement: socketIoClient },
      { find: /^nestjs-ws-auth\/testing$/, replacement: testing },
    ],
  },
  test: {
    setupFiles: ['reflect-metadata', 'test/support/same-globals.ts'],
    // Most tests wait for a server, a browser or a deadline. With one worker for each core, the cores were busy for three fifths of the time.
    maxWorkers: 2 * availableParallelism(),
    sequence: { sequencer: LongestFirst },
    expect: { poll: { timeout: patient(10_000) } },
    coverage: {
      provider: 'v8',
      include: ['lib/{credentials,passport,policy,protocol}/**/*.ts'],
      thresholds: { branches: 100, functions: 100 },
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.spec.ts'],
          // The files of a worker share its modules: loading Nest anew for each takes longer than the tests.
          isolate: false,
          // Property tests go through thousands of inputs.
          testTimeout: patient(20_000),
          typecheck: {
            // `TEST_TYPES=done` states that the caller runs `npm run typecheck`, which finds the same errors.
            enabled: process.env['TEST_TYPES'] !== 'done',
            include: ['test/types/**/*.types-spec.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: [
            'test/{e2e,socket-io,graphql}/**/*.e2e-spec.ts',
            'test/client/**/*.client-spec.ts',
          ],
          isolate: false,
          testTimeout: patient(20_000),
        },
      },
      {
        extends: true,
        test: {
          name: 'lifecycle',
          include: ['test/{lifecycle,conformance}/**/*.lifecycle-spec.ts'],
          isolate: false,
          testTimeout: patient(20_000),
        },
      },
      {
        extends: true,
        test: {
          name: 'security',
          include: ['test/security/**/*.security-spec.ts'],
          isolate: false,
          testTimeout: patient(30_000),
        },
      },
      {
        extends: true,
        test: {
          name: 'readme',
          include: [
            'test/readme/**/*.spec.ts',
            'test/recipes/**/*.recipe-spec.ts',
            'test/sample/**/*.sample-spec.ts',
          ],
          isolate: false,
          globalSetup: build,
          testTimeout: patient(60_000),
          hookTimeout: patient(300_000),
        },
      },
      {
        extends: true,
        test: {
          // Several processes: nodes that share a Redis, nginx, programs in Python, servers on a changed copy of `ws`.
          name: 'nodes',
          include: ['test/**/*.nodes-spec.ts'],
          isolate: false,
          globalSetup: [
            build,
            'test/nodes/processes/compile.ts',
            'test/internals/compile-server.ts',
          ],
          testTimeout: patient(60_000),
          hookTimeout: patient(300_000),
        },
      },
      {
        extends: true,
        test: {
          name: 'browsers',
          include: ['test/**/*.browsers-spec.ts'],
          globalSetup: [build, 'test/support/browser/install-engines.ts'],
          testTimeout: patient(60_000),
          hookTimeout: patient(300_000),
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.spec.ts'],
          globalSetup: [build, 'test/package/pack.ts', 'test/package/node-binaries.ts'],
          testTimeout: patient(300_000),
          hookTimeout: patient(300_000),
        },
      },
    ],
  },
});
