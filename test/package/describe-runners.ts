import { beforeAll, describe, expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';
import type { Consumer } from './consumer.js';
import type { NestMajor } from './matrix.js';
import { patientJest } from './patient-jest.js';
import type { Stack } from './stack.js';

/** What a test needs beside the packages of the application. */
export function packagesOfRunners(nest: NestMajor): string[] {
  return [`@nestjs/testing@${nest}`, 'jest@30'];
}

/** The test of the guide, in the words of each runner, and one more in which time passes. */
const inGuide = rootFile('test/readme/chat.spec.ts');

const time = (words: {
  readonly fake: string;
  readonly advance: string;
  readonly real: string;
}) => `
it('ends with its time', async () => {
  ${words.fake};
  await using client = await connectAs(app, { id: 'alice', exp: Date.now() / 1_000 + 60 });
  ${words.advance}(30_000);
  const { event } = await client.nextEvent();
  ${words.advance}(3_600_000);
  const { code, reason } = await client.closed();
  ${words.real};
  expect([event, code, reason]).toEqual(['expiring', 3000, 'token expired']);
});
`;

const withJest =
  inGuide
    .replace("from 'vitest'", "from '@jest/globals'")
    .replace('beforeAll, expect, it }', 'beforeAll, expect, it, jest }')
    .replace('expectRefused }', 'expectRefused, fakeTimers }') +
  time({
    fake: 'jest.useFakeTimers(fakeTimers.jest)',
    advance: 'jest.advanceTimersByTime',
    real: 'jest.useRealTimers()',
  });

const withNode =
  inGuide
    .replace(
      "import { afterAll, beforeAll, expect, it } from 'vitest';",
      `import { deepEqual } from 'node:assert/strict';
import { after as afterAll, before as beforeAll, it, mock } from 'node:test';
const expect = (actual: unknown) => ({ toEqual: (expected: unknown) => deepEqual(actual, expected) });`,
    )
    .replace('expectRefused }', 'expectRefused, fakeTimers }') +
  time({
    fake: 'mock.timers.enable(fakeTimers.nodeTest)',
    advance: 'mock.timers.tick',
    real: 'mock.timers.reset()',
  });

const compilerOptions = { lib: ['ES2023', 'ESNext.Disposable'], skipLibCheck: true };

/** Runs the test of the guide in the folder of a stack, by the runners that take compiled modules. */
export function describeRunners(stackOf: () => Stack): void {
  describe('the test kit', () => {
    let consumer: Consumer;
    beforeAll(async () => {
      ({ consumer } = stackOf());
      await consumer.write('chat/package.json', JSON.stringify({ type: 'module' }));
      await consumer.write('chat/src/chat.module.ts', rootFile('test/readme/chat.module.ts'));
      await consumer.write('chat/src/chat.node-test.ts', withNode);
      await consumer.write('chat/src/chat.jest-test.ts', withJest);
      await consumer.compileProject('chat', compilerOptions);
    });

    it('runs under node --test', async () => {
      const printed = await consumer.node('--test', 'chat/dist/chat.node-test.js');
      expect(printed).toMatch(/^# pass 4$/m);
      expect(printed).toMatch(/^# fail 0$/m);
    });

    it('runs under jest', async () => {
      const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--rootDir=chat'];
      const matched = ['--testMatch=**/dist/*.jest-test.js', '--json', patientJest];
      const printed = await consumer.node(...jest, ...matched);
      expect(JSON.parse(printed)).toMatchObject({ success: true, numPassedTests: 4 });
    });
  });
}
