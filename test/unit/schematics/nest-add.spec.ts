import { describe, expect, it } from 'vitest';
import { nestAdd, type NestAddOptions } from '../../../lib/schematics/nest-add.js';
import type { Task } from '../../../lib/schematics/workspace.js';
import { rootFile } from '../../readme/readme.js';

/** Runs the schematic on files in memory. */
function add(files: Readonly<Record<string, string>>, options: NestAddOptions = {}) {
  const written = new Map(Object.entries(files));
  const printed: string[] = [];
  const tasks: Task[] = [];
  const log = (text: string) => void printed.push(text);
  const tree = {
    read: (path: string) => (written.has(path) ? Buffer.from(written.get(path)!) : null),
    overwrite: (path: string, content: string) => void written.set(path, content),
  };
  nestAdd(options)(tree, {
    logger: { info: log, warn: log },
    addTask: (task) => void tasks.push(task),
  });
  return {
    files: Object.fromEntries(written),
    printed: printed.join('\n'),
    tasks: tasks.map((task) => task.toConfiguration()),
  };
}

const main = `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.listen(3000);
}
void bootstrap();
`;

const moduleWith = (metadata: string) => `import { Module } from '@nestjs/common';

@Module(${metadata})
export class AppModule {}
`;

const ofWs = "import { WsAdapter } from '@nestjs/platform-ws';";

/** `main.ts` with a line that sets an adapter. */
const withAdapter = (line: string, statement: string) =>
  main
    .replace("'./app.module';\n", `'./app.module';\n${statement}\n`)
    .replace('  await app.listen', `  ${line}\n  await app.listen`);

const added = "WsAuthModule.forRoot({ strategy: 'jwt' })";

/** The object of \`@Module()\` before, and after. */
const metadata: readonly [before: string, after: string][] = [
  ['{}', `{ imports: [${added}] }`],
  ['{ imports: [] }', `{ imports: [${added}] }`],
  ['{ imports: [A] }', `{ imports: [A, ${added}] }`],
  ['{ providers: [B] }', `{ imports: [${added}], providers: [B] }`],
  ['{\n  providers: [B],\n}', `{\n  imports: [${added}],\n  providers: [B],\n}`],
  ['{\n  imports: [A, B], // both\n}', `{\n  imports: [A, B, ${added}], // both\n}`],
  [
    '{\n  imports: [\n    A,\n    B, // of b\n  ],\n}',
    `{\n  imports: [\n    A,\n    B, // of b\n    ${added},\n  ],\n}`,
  ],
  [
    '{\n  imports: [\n    A,\n    B // of b\n  ]\n}',
    `{\n  imports: [\n    A,\n    B, // of b\n    ${added}\n  ]\n}`,
  ],
  ["{ 'imports': [A] }", `{ 'imports': [A, ${added}] }`],
  ['{ ...shared, imports: [A] }', `{ ...shared, imports: [A, ${added}] }`],
  [
    '{\n  imports: [A.forRoot({ b: [1] }), ...others],\n}',
    `{\n  imports: [A.forRoot({ b: [1] }), ...others, ${added}],\n}`,
  ],
];

describe('nest add, in the root module', () => {
  it.each(metadata)('changes @Module(%j) to %j, and nothing else', (before, after) => {
    const { files } = add({ 'src/main.ts': main, 'src/app.module.ts': moduleWith(before) });
    const statement = "import { WsAuthModule } from 'nestjs-ws-auth';";
    expect(files['src/app.module.ts']).toBe(
      moduleWith(after).replace("common';", `common';\n${statement}`),
    );
    expect(files['src/main.ts']).toBe(main);
  });

  it('keeps quotes, semicolons and line ends', () => {
    const text =
      'import { Module } from "@nestjs/common"\r\n\r\n@Module({})\r\nexport class AppModule {}\r\n';
    const { files } = add({ 'src/main.ts': main, 'src/app.module.ts': text });
    expect(files['src/app.module.ts']).toContain(
      'from "@nestjs/common"\r\nimport { WsAuthModule } from "nestjs-ws-auth"\r\n\r\n@Module({ imports',
    );
  });

  it('finds it by the imports of main.ts, with any name and any entry file', () => {
    const start = main
      .replace("{ AppModule } from './app.module'", "{ RootModule } from './shell/shell.module.js'")
      .replace('create(AppModule)', 'create<NestExpressApplication>(RootModule, { cors: true })');
    const root = moduleWith('{}').replace('AppModule', 'RootModule');
    const { files } = add(
      {
        'nest-cli.json': '{ "entryFile": "server" }',
        'apps/api/src/server.ts': start,
        'apps/api/src/shell/shell.module.ts': `@Module({})\nclass Other {}\n${root}`,
      },
      { sourceRoot: 'apps/api/src' },
    );
    expect(files['apps/api/src/shell/shell.module.ts']).toContain(
      `@Module({})\nclass Other {}\nimport { Module } from '@nestjs/common';\nimport { WsAuthModule }`,
    );
    expect(files['apps/api/src/shell/shell.module.ts']).toContain(
      `@Module({ imports: [${added}] })`,
    );
  });

  it('adds nothing to what is there already, and prints that it is', () => {
    const there = moduleWith(`{ imports: [${added}] }`).replace(
      '\n\n',
      "\nimport { WsAuthModule } from 'nestjs-ws-auth';\n\n",
    );
    const { files, printed } = add({ 'src/main.ts': main, 'src/app.module.ts': there });
    expect(files).toEqual({ 'src/main.ts': main, 'src/app.module.ts': there });
    expect(printed).toContain('src/app.module.ts has WsAuthModule already');
    expect(printed).not.toContain(`Add ${added}`);
  });

  it('finds it in main.ts itself', () => {
    const whole = main
      .replace(
        "import { AppModule } from './app.module';\n",
        "import { WsAdapter } from '@nestjs/platform-ws';\n",
      )
      .replace('async function', '@Module({})\nclass AppModule {}\n\nasync function')
      .replace(
        '  await app.listen',
        '  app.useWebSocketAdapter(new WsAdapter(app));\n  await app.listen',
      );
    const text = add({ 'src/main.ts': whole }).files['src/main.ts'];
    expect(text).toContain(`@Module({ imports: [${added}] })\nclass AppModule {}`);
    expect(text).not.toContain('WsAdapter');
  });

  const misunderstood: readonly [string, Readonly<Record<string, string>>][] = [
    ['no main.ts', {}],
    [
      'imports that are no list',
      { 'src/main.ts': main, 'src/app.module.ts': moduleWith('{ imports }') },
    ],
    [
      'imports that are computed',
      { 'src/main.ts': main, 'src/app.module.ts': moduleWith('{ imports: a.concat(b) }') },
    ],
    [
      'metadata that may have imports by a spread',
      { 'src/main.ts': main, 'src/app.module.ts': moduleWith('{ ...shared, providers: [B] }') },
    ],
    [
      'metadata that is a name',
      { 'src/main.ts': main, 'src/app.module.ts': moduleWith('metadata') },
    ],
    ['a root module of a package', { 'src/main.ts': main.replace('./app.module', '@shop/app') }],
    ['no NestFactory.create()', { 'src/main.ts': 'start();\n' }],
    [
      'an adapter beside a root module of a package',
      {
        'src/main.ts': withAdapter('app.useWebSocketAdapter(new WsAdapter(app));', ofWs).replace(
          './app.module',
          '@shop/app',
        ),
      },
    ],
  ];

  it.each(misunderstood)('changes nothing and prints what to add where it meets %s', (_, files) => {
    const result = add(files);
    expect(result.files).toEqual(files);
    expect(result.printed).toContain(`Add ${added} to the imports of the root module`);
  });
});

describe('nest add, in main.ts', () => {
  const module = { 'src/app.module.ts': moduleWith('{}') };

  it.each([
    ['app.useWebSocketAdapter(new WsAdapter(app));', ofWs],
    ['app.useWebSocketAdapter(new WsAdapter());', ofWs],
    [
      'app.useWebSocketAdapter(\n    new IoAdapter(app),\n  );',
      "import { IoAdapter } from '@nestjs/platform-socket.io';",
    ],
  ])('removes %j, and its import', (line, statement) => {
    const { files } = add({ 'src/main.ts': withAdapter(line, statement), ...module });
    expect(files['src/main.ts']).toBe(main);
  });

  it('keeps an import that has another use', () => {
    const line = 'app.useWebSocketAdapter(new WsAdapter(app));';
    const statement = "import { WsAdapter } from '@nestjs/platform-ws';\nexport { WsAdapter };";
    const { files } = add({ 'src/main.ts': withAdapter(line, statement), ...module });
    expect(files['src/main.ts']).toBe(
      main.replace("'./app.module';\n", `'./app.module';\n${statement}\n`),
    );
  });

  it.each([
    ['app.useWebSocketAdapter(new WsAdapter(app, { messageParser }));', ofWs, 'WsAdapter'],
    [
      'app.useWebSocketAdapter(new RedisIoAdapter(app));',
      "import { RedisIoAdapter } from './redis';",
      'RedisIoAdapter',
    ],
    ['app.useWebSocketAdapter(adapter);', '', 'adapter'],
    ['if (hasSockets)\n    app.useWebSocketAdapter(new WsAdapter(app));', ofWs, 'WsAdapter'],
  ])('leaves %j, and prints what replaces it', (line, statement, name) => {
    const text = withAdapter(line, statement);
    const { files, printed } = add({ 'src/main.ts': text, ...module });
    expect(files['src/main.ts']).toBe(text);
    expect(printed).toContain(`sets ${name}, which was not changed`);
  });
});

/** A `package.json` beside which a version of Nest is installed. */
function application(manifest: object, installed?: string) {
  const nest = { 'node_modules/@nestjs/core/package.json': JSON.stringify({ version: installed }) };
  return { 'package.json': JSON.stringify(manifest, null, 2) + '\n', ...(installed && nest) };
}

/** What a section of a `package.json` lists. */
function sectionIn(files: Readonly<Record<string, string>>, name: string): unknown {
  return (JSON.parse(files['package.json']!) as Record<string, unknown>)[name];
}

const install = { name: 'node-package', options: { command: 'install', quiet: true } };

describe('nest add, in package.json', () => {
  const range = { '@nestjs/core': '^11.0.1' };

  it.each([
    ['11', '^11.0.1', undefined],
    ['11', 'next', '11.1.9'],
    ['12', '~12.5', undefined],
    ['12', 'catalog:', '12.5.1'],
    ['12', '>=11', '12.0.0-beta.1'],
  ])('lists what Nest %s lacks, and installs it: %s, installed %s', (major, stated, installed) => {
    const given = { dependencies: { '@nestjs/core': stated, rxjs: '7' } };
    const { files, tasks, printed } = add(application(given, installed));
    expect(sectionIn(files, 'dependencies')).toEqual({
      '@nestjs/core': stated,
      '@nestjs/passport': `^${major}.0.0`,
      '@nestjs/platform-ws': `^${major}.0.0`,
      '@nestjs/websockets': `^${major}.0.0`,
      passport: '^0.7.0',
      'passport-jwt': '^4.0.1',
      rxjs: '7',
    });
    expect(sectionIn(files, 'devDependencies')).toEqual({ '@types/passport-jwt': '^4.0.1' });
    expect(tasks).toEqual([install]);
    expect(printed).toContain('package.json has @nestjs/websockets, @nestjs/platform-ws');
  });

  it('installs no platform beside the platform of Socket.IO, and no strategy beside Passport', () => {
    const given = {
      dependencies: { ...range, '@nestjs/platform-socket.io': '11', '@nestjs/passport': '11' },
      devDependencies: { passport: '0.7' },
    };
    const { files } = add(application(given));
    expect(sectionIn(files, 'dependencies')).toEqual({
      ...given.dependencies,
      '@nestjs/websockets': '^11.0.0',
    });
    expect(sectionIn(files, 'devDependencies')).toEqual(given.devDependencies);
  });

  it('changes nothing where nothing is missing', () => {
    const names = ['platform-ws', 'websockets', 'passport'].map((name) => [
      `@nestjs/${name}`,
      '12',
    ]);
    const given = { dependencies: { ...Object.fromEntries(names), passport: '0.7' } as object };
    const { files, tasks } = add(application(given, '12.0.0'));
    expect(files).toEqual(application(given, '12.0.0'));
    expect(tasks).toEqual([]);
  });

  it.each([
    ['  ', '\n', ''],
    ['\t', '\r\n', '\r\n'],
    ['    ', '\n', '\n'],
  ])('keeps the indentation %j, and the line ends %j and %j', (indent, newline, end) => {
    const inForm = (manifest: object) =>
      JSON.stringify(manifest, undefined, indent).replaceAll('\n', newline) + end;
    const { files } = add({ 'package.json': inForm({ name: 'shop', dependencies: range }) });
    const text = files['package.json']!;
    expect(text).toBe(inForm(JSON.parse(text) as object));
    expect(sectionIn(files, 'name')).toBe('shop');
  });

  it('only lists the packages with --skip-install', () => {
    const { files, tasks, printed } = add(application({ dependencies: range }), {
      skipInstall: true,
    });
    expect(sectionIn(files, 'dependencies')).toHaveProperty('passport');
    expect(tasks).toEqual([]);
    expect(printed).toContain('- Install what package.json lists.');
  });

  it.each(['bun.lock', 'bun.lockb'])('installs with Bun beside %s', (lock) => {
    const { tasks } = add({ ...application({ dependencies: range }), [lock]: '' });
    const options = { ...install.options, packageManager: 'bun' };
    expect(tasks).toEqual([{ ...install, options }]);
  });

  it.each([
    ['an unsupported version', application({ dependencies: { '@nestjs/core': '^10.4.0' } })],
    ['an unknown version', application({ dependencies: { '@nestjs/core': 'next' } })],
    ['no package.json', {}],
    ['a package.json that cannot be parsed', { 'package.json': '{' }],
  ])('leaves the choice to the developer beside %s', (_, given) => {
    const { files, tasks, printed } = add(given);
    expect(files).toEqual(given);
    expect(tasks).toEqual([]);
    expect(printed).toContain(
      '- Install @nestjs/websockets, @nestjs/platform-ws, @nestjs/passport',
    );
    expect(printed).toContain('which has to be 11 or 12');
  });

  it('adds the versions with which the package is tested', () => {
    const { files } = add(application({ dependencies: range }));
    const own = JSON.parse(rootFile('package.json')) as Record<string, Record<string, string>>;
    const { passport } = own['peerDependencies']!;
    const { 'passport-jwt': jwt, '@types/passport-jwt': types } = own['devDependencies']!;
    expect(sectionIn(files, 'dependencies')).toMatchObject({ passport, 'passport-jwt': jwt });
    expect(sectionIn(files, 'devDependencies')).toEqual({ '@types/passport-jwt': types });
  });
});

it('nest add prints what is left to do', () => {
  const { printed } = add({});
  expect(printed).toContain("- Provide a Passport strategy with the name 'jwt'");
  expect(printed).toContain('- Mark gateways that every client may use with @WsPublic()');
});
