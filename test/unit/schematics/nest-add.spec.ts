import { describe, expect, it } from 'vitest';
import { nestAdd } from '../../../lib/schematics/nest-add.js';

/** Runs the schematic on files in memory. */
function add(files: Readonly<Record<string, string>>, sourceRoot?: string) {
  const written = new Map(Object.entries(files));
  const printed: string[] = [];
  const log = (text: string) => void printed.push(text);
  const tree = {
    read: (path: string) => (written.has(path) ? Buffer.from(written.get(path)!) : null),
    overwrite: (path: string, content: string) => void written.set(path, content),
  };
  nestAdd(sourceRoot === undefined ? {} : { sourceRoot })(tree, {
    logger: { info: log, warn: log },
  });
  return { files: Object.fromEntries(written), printed: printed.join('\n') };
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
      'apps/api/src',
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

describe('nest add, at its end', () => {
  it.each([
    [
      '^11.1.0',
      'npm install @nestjs/websockets@11 @nestjs/platform-ws@11 @nestjs/passport@11 passport',
    ],
    [
      '~12.5',
      'npm install @nestjs/websockets@12 @nestjs/platform-ws@12 @nestjs/passport@12 passport',
    ],
    ['next', 'npm install @nestjs/websockets @nestjs/platform-ws @nestjs/passport passport'],
  ])('names the packages that are missing beside Nest %s', (version, command) => {
    const manifest = JSON.stringify({ dependencies: { '@nestjs/core': version } });
    expect(add({ 'package.json': manifest }).printed).toContain(command);
  });

  it('names none that is there', () => {
    const dependencies = { '@nestjs/websockets': '12', '@nestjs/passport': '12', passport: '0.7' };
    const manifest = { dependencies, devDependencies: { '@nestjs/platform-socket.io': '12' } };
    const { printed } = add({ 'package.json': JSON.stringify(manifest) });
    expect(printed).not.toContain('npm install');
    expect(printed).toContain("Provide a Passport strategy with the name 'jwt'");
  });
});
