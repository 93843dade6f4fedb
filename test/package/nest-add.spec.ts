import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TestClient } from '../support/client.js';
import { tokenOf, secret } from '../support/tokens.js';
import { Consumer } from './consumer.js';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** What the developer writes: the schematic adds no strategy and no gateway. */
const leftToDo = `
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsUser } from 'nestjs-ws-auth';
import { ExtractJwt, Strategy } from 'passport-jwt';

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: Buffer.from(process.env['JWT_SECRET']!, 'hex'),
    });
  }

  validate({ sub }: { sub: string }) {
    return { id: sub };
  }
}

@WebSocketGateway()
export class ChatGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: 'Hello ' + id + '!' };
  }
}
`;

/** An application that Nest's CLI has generated, with the packages of this repository and the packed package. */
class GeneratedApp {
  readonly folder: string;

  constructor(readonly consumer: Consumer) {
    this.folder = join(consumer.folder, 'app');
  }

  static async generate(type: 'cjs' | 'esm'): Promise<GeneratedApp> {
    const app = new GeneratedApp(await Consumer.create());
    await app.#linkPackages();
    const schematics = join(modules, '@angular-devkit/schematics-cli/bin/schematics.js');
    const options = ['--name=app', `--type=${type}`, '--language=ts', '--package-manager=npm'];
    await app.#run(app.consumer.folder, schematics, '@nestjs/schematics:application', ...options);
    return app;
  }

  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8');
  }

  async replace(name: string, from: string, to: string): Promise<void> {
    const text = await this.read(name);
    expect(text).toContain(from);
    await this.consumer.write(
      join('app', name),
      text.replace(from, () => to),
    );
  }

  /** The command itself, without the download. */
  nestAdd(): Promise<string> {
    const nest = join(modules, '@nestjs/cli/bin/nest.js');
    return this.#run(this.folder, nest, 'add', 'nestjs-ws-auth', '--skip-install');
  }

  compile(): Promise<string> {
    const options = ['--types', 'node', '--incremental', 'false', '--rootDir', 'src'];
    const tsc = join(modules, 'typescript/bin/tsc');
    return this.#run(this.folder, tsc, '--project', 'tsconfig.build.json', ...options);
  }

  async #linkPackages(): Promise<void> {
    const folder = join(this.consumer.folder, 'node_modules');
    const own = join(folder, 'nestjs-ws-auth');
    await mkdir(own, { recursive: true });
    const names = await readdir(modules);
    await Promise.all(names.map((name) => symlink(join(modules, name), join(folder, name))));
    const unpack = ['-xzf', inject('tarball').path, '-C', own, '--strip-components=1'];
    await promisify(execFile)('tar', unpack);
  }

  async #run(cwd: string, program: string, ...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], { cwd });
    return stdout;
  }
}

describe.each(['cjs', 'esm'] as const)('nest add in a generated application (%s)', (type) => {
  let app: GeneratedApp;
  let before: string;
  let printed: string;
  beforeAll(async () => {
    app = await GeneratedApp.generate(type);
    before = await app.read('src/main.ts');
    const factory = "import { NestFactory } from '@nestjs/core';\n";
    const adapter = "import { WsAdapter } from '@nestjs/platform-ws';\n";
    await app.replace('src/main.ts', factory, factory + adapter);
    const create = 'NestFactory.create(AppModule);\n';
    const use = '  app.useWebSocketAdapter(new WsAdapter(app));\n';
    await app.replace('src/main.ts', create, create + use);
    printed = await app.nestAdd();
  });
  afterAll(() => app?.consumer[Symbol.asyncDispose]());

  it('removes the adapter from main.ts, and changes nothing else there', async () => {
    expect(await app.read('src/main.ts')).toBe(before);
  });

  it('imports the module', async () => {
    const text = await app.read('src/app.module.ts');
    expect(text).toContain("import { WsAuthModule } from 'nestjs-ws-auth';\n");
    expect(text).toContain("  imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],\n");
  });

  it('prints what is left to do', () => {
    expect(printed).toContain('src/app.module.ts imports WsAuthModule');
    expect(printed).toContain('src/main.ts sets no WsAdapter any more');
    expect(printed).toContain(
      'npm install @nestjs/websockets@12 @nestjs/platform-ws@12 @nestjs/passport@12 passport',
    );
  });

  it('leaves an application that authenticates when that is done', async () => {
    const file = type === 'esm' ? './chat.js' : './chat';
    const names = 'import { ChatGateway, JwtStrategy } from';
    await app.consumer.write('app/src/chat.ts', leftToDo);
    await app.replace('src/app.module.ts', '\n@Module', `${names} '${file}';\n\n@Module`);
    await app.replace(
      'src/app.module.ts',
      '[AppService]',
      '[AppService, JwtStrategy, ChatGateway]',
    );
    await app.compile();
    const environment = { JWT_SECRET: secret.export().toString('hex') };
    await using program = await app.consumer.start('app/dist/main.js', environment);
    const headers = { authorization: `Bearer ${tokenOf('alice')}` };
    const url = `ws://127.0.0.1:${program.port}/`;
    await using client = await new TestClient(url, { headers }).opened();
    expect(await client.ask('hello')).toBe('Hello alice!');
    await using stranger = new TestClient(url, { headers: { authorization: 'Bearer forged' } });
    expect(await stranger.refusal()).toMatchObject({ status: 401 });
  });

  it('changes nothing when it runs again', async () => {
    const text = await app.read('src/app.module.ts');
    expect(await app.nestAdd()).toContain('Nothing to be done');
    expect(await app.read('src/app.module.ts')).toBe(text);
  });
});
