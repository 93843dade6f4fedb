import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const lib = fileURLToPath(new URL('./lib/index.ts', import.meta.url));

export default defineConfig({
  resolve: { alias: [{ find: /^nestjs-ws-auth$/, replacement: lib }] },
  test: {
    setupFiles: ['reflect-metadata'],
    coverage: { provider: 'v8', include: ['lib/**/*.ts'] },
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.spec.ts'] } },
      {
        extends: true,
        test: { name: 'e2e', include: ['test/e2e/**/*.e2e-spec.ts'], testTimeout: 20_000 },
      },
    ],
  },
});
