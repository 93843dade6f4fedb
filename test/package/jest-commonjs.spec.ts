import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { codeBlocks, rootFile, section } from '../readme/readme.js';
import { TestClient } from '../support/client.js';
import { Consumer } from './consumer.js';
import { patientJest } from './patient-jest.js';

const example = 'sample/examples/nest-11-jest';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

const guide = rootFile('lib/guides/testing.md');

/** The `tsconfig.json` of `nest new`. */
const compilerOptions = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  resolvePackageJsonExports: true,
  esModuleInterop: true,
  isolatedModules: true,
  declaration: true,
  removeComments: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  target: 'ES2023',
  sourceMap: true,
  outDir: './dist',
  baseUrl: './',
  incremental: true,
  skipLibCheck: true,
  strictNullChecks: true,
  forceConsistentCasingInFileNames: true,
  noImplicitAny: false,
  strictBindCallApply: false,
  noFallthroughCasesInSwitch: false,
};

/** The same of earlier templates. */
const {
  moduleResolution: _,
  isolatedModules: __,
  ...earlierOptions
} = {
  ...compilerOptions,
  module: 'commonjs',
};

/** A test that a new application has, of a class that is protected now. */
const ofGateway = `
import { Test } from '@nestjs/testing';
import { ChatGateway } from './chat.module';

describe('ChatGateway', () => {
  it('should be defined', async () => {
    const module = await Test.createTestingModule({ providers: [ChatGateway] }).compile();
    expect(module.get(ChatGateway)).toBeDefined();
  });
});
`;

const withJest = (spec: string) =>
  rootFile(spec)
    .replace(/^import \{.*\} from 'vitest';\n/m, '')
    .replaceAll('vi.fn()', 'jest.fn()');

describe('an application of Nest 11, as nest new makes it, with ts-jest and CommonJS', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
    const source = fileURLToPath(new URL(`../../${example}`, import.meta.url));
    await cp(source, consumer.folder, { recursive: true });
    const manifest = JSON.parse(rootFile(join(example, 'package.json'))) as Manifest;
    const dependencies = { ...manifest.dependencies, 'nestjs-ws-auth': inject('tarball').path };
    await consumer.write('package.json', JSON.stringify({ ...manifest, dependencies }));
    await consumer.install([]);
  });
  afterAll(() => consumer?.[Symbol.asyncDispose]());

  describeExample(() => consumer);
  describeGuide(() => consumer);
});

function describeExample(consumerOf: () => Consumer): void {
  describe(example, () => {
    it('passes its tests', async () => {
      const printed = await consumerOf().outputOf('npm', ['test', '--', '--json', patientJest]);
      expect(printed).toContain('"numPassedTests":3');
      expect(printed).toContain('"success":true');
    });

    it('builds, starts and answers', async () => {
      const consumer = consumerOf();
      await expect(consumer.outputOf('npm', ['run', 'build'])).resolves.not.toContain('error');
      const secret = 'of the test';
      await using program = await consumer.start('dist/main.js', { JWT_SECRET: secret });
      const token = jwt.sign({ sub: 'alice' }, secret, { expiresIn: 3_600 });
      const headers = { authorization: `Bearer ${token}` };
      const url = `ws://127.0.0.1:${program.port}/chat`;
      await using client = await new TestClient(url, { headers }).opened();
      expect(await client.ask('hello')).toBe('Hello alice!');
    });
  });
}

/** The settings of the compiler decide what ts-jest makes, the version of Node.js what runs it: each pair adds nothing. */
function describeGuide(consumerOf: () => Consumer): void {
  const nodes = inject('nodes').map(({ version, path }) => [version, path] as const);

  describe.each([
    ['nodenext', compilerOptions, nodes],
    ['commonjs', earlierOptions, [nodes.at(0)!, nodes.at(-1)!]],
  ])('K13b: the configuration of the guide, and module: %s', (name, options, runtimes) => {
    beforeAll(async () => {
      const consumer = consumerOf();
      const write = (file: string, text: string) => consumer.write(`${name}/${file}`, text);
      const [configuration] = codeBlocks(section(guide, 'Runners'), 'json');
      const [pasted] = codeBlocks(guide, 'ts');
      await write('package.json', `{ "jest": ${configuration} }`);
      await write('tsconfig.json', JSON.stringify({ compilerOptions: options }));
      await write('src/chat.module.ts', rootFile('test/readme/chat.module.ts'));
      await write('src/guide.spec.ts', pasted!);
      await write('src/mocks.spec.ts', withJest('test/readme/mocks.spec.ts'));
      await write('src/chat.gateway.spec.ts', ofGateway);
    });

    it.each(runtimes)(
      'passes its tests, those of the guides as pasted, on Node.js %s',
      async (_version, node) => {
        const jest = ['node_modules/jest/bin/jest.js', '--config', `${name}/package.json`];
        const printed = await consumerOf().outputOf(node, [...jest, '--json', patientJest]);
        expect(printed).toContain('"numPassedTests":7');
        expect(printed).toContain('"success":true');
      },
    );
  });
}
