import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { codeBlocks, rootFile, section } from '../readme/readme.js';
import { Consumer } from './consumer.js';

const guide = rootFile('lib/guides/testing.md');

/** What `nest new` of Nest 11 installs for its tests, and what the README adds. */
const packages = [
  ...['common', 'core', 'passport', 'platform-express', 'platform-ws', 'testing', 'websockets'].map(
    (name) => `@nestjs/${name}@11`,
  ),
  'passport',
  'passport-jwt',
  '@types/passport-jwt',
  'reflect-metadata@0.2',
  'rxjs@7',
  'typescript@5',
  'jest@30',
  'ts-jest@29',
  '@types/jest@30',
  '@types/node@22',
];

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

describe('K13b: jest in a new Nest 11 application, with ts-jest and CommonJS', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
    const [configuration] = codeBlocks(section(guide, 'Runners'), 'json');
    const manifest = { private: true, jest: JSON.parse(configuration!) as object };
    await consumer.write('package.json', JSON.stringify(manifest));
    await consumer.install([...packages, inject('tarball').path]);
    const [pasted] = codeBlocks(guide, 'ts');
    await consumer.write('src/chat.module.ts', rootFile('test/readme/chat.module.ts'));
    await consumer.write('src/guide.spec.ts', pasted!);
    await consumer.write('src/mocks.spec.ts', withJest('test/readme/mocks.spec.ts'));
    await consumer.write('src/chat.gateway.spec.ts', ofGateway);
  });
  afterAll(() => consumer?.[Symbol.asyncDispose]());

  describe.each([
    ['nodenext', compilerOptions],
    ['commonjs', earlierOptions],
  ])('and module: %s', (_name, options) => {
    beforeAll(() => consumer.write('tsconfig.json', JSON.stringify({ compilerOptions: options })));

    it.each(inject('nodes').map(({ version, path }) => [version, path] as const))(
      'passes its tests, those of the guides as pasted, on Node.js %s',
      async (_version, node) => {
        const printed = await consumer.outputOf(node, ['node_modules/jest/bin/jest.js', '--json']);
        expect(printed).toContain('"numPassedTests":7');
        expect(printed).toContain('"success":true');
      },
    );
  });
});
