import { execFile } from 'node:child_process';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TestClient } from '../support/client.js';
import { secret, tokenOf } from '../support/tokens.js';
import { Consumer, type RunningProgram } from './consumer.js';
import { LocalRegistry } from './local-registry.js';
import type { NestMajor } from './matrix.js';

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

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

type ModuleType = 'cjs' | 'esm';

/** An application that Nest's CLI has generated, without its tests and its linter. */
class GeneratedApp implements AsyncDisposable {
  readonly folder: string;

  private constructor(
    readonly consumer: Consumer,
    readonly registry: LocalRegistry,
  ) {
    this.folder = join(consumer.folder, 'app');
  }

  static async generate(nest: NestMajor, type: ModuleType): Promise<GeneratedApp> {
    const consumer = await Consumer.create();
    const app = new GeneratedApp(consumer, await LocalRegistry.start(inject('tarball').path));
    await consumer.install([`@nestjs/cli@${nest}`]);
    const schematics = 'node_modules/@angular-devkit/schematics-cli/bin/schematics.js';
    const options = ['--name=app', '--language=ts', '--package-manager=npm'];
    // Nest 11 generates CommonJS alone.
    const ofType = nest === 12 ? [`--type=${type}`] : [];
    await consumer.node(schematics, '@nestjs/schematics:application', ...options, ...ofType);
    await app.#keepDevDependencies(['@nestjs/cli', '@types/node', 'typescript']);
    // The application has the same CLI, so that npm has less to install.
    const installed = 'node_modules';
    await rename(join(consumer.folder, installed), join(app.folder, installed));
    await app.run('npm', 'install');
    return app;
  }

  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8');
  }

  async write(name: string, text: string): Promise<void> {
    await this.consumer.write(join('app', name), text);
  }

  async replace(name: string, from: string, to: string): Promise<void> {
    const text = await this.read(name);
    expect(text).toContain(from);
    await this.write(
      name,
      text.replace(from, () => to),
    );
  }

  async manifest(): Promise<Manifest> {
    return JSON.parse(await this.read('package.json')) as Manifest;
  }

  /** Major version of an installed package. */
  async majorOf(name: string): Promise<number> {
    const text = await this.read(`node_modules/${name}/package.json`);
    return Number.parseInt((JSON.parse(text) as { version: string }).version, 10);
  }

  /** What `nest build` does, without the types of the test runner. */
  async compile(): Promise<void> {
    const options = ['--types', 'node', '--incremental', 'false', '--rootDir', 'src'];
    await this.run('npx', 'tsc', '--project', 'tsconfig.build.json', ...options);
  }

  nest(...args: string[]): Promise<string> {
    return this.run(process.execPath, 'node_modules/@nestjs/cli/bin/nest.js', ...args);
  }

  /** Runs a command in the folder of the application to its end, and returns what it prints. */
  async run(command: string, ...args: string[]): Promise<string> {
    const ofNpm = { registry: this.registry.url, audit: 'false', fund: 'false' };
    const settings = Object.entries({ ...ofNpm, prefer_offline: 'true' });
    const env = Object.fromEntries(settings.map(([name, value]) => [`npm_config_${name}`, value]));
    const options = { cwd: this.folder, env: { ...process.env, ...env } };
    return (await promisify(execFile)(command, args, options)).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await this.consumer[Symbol.asyncDispose]();
  }

  async #keepDevDependencies(names: readonly string[]): Promise<void> {
    const manifest = await this.manifest();
    const kept = Object.entries(manifest.devDependencies).filter(([name]) => names.includes(name));
    const devDependencies = Object.fromEntries(kept);
    await this.write('package.json', JSON.stringify({ ...manifest, devDependencies }, null, 2));
  }
}

/** What a platform of WebSockets has, and what a client with a token receives. */
const platforms = {
  ws: {
    adapter: 'WsAdapter',
    package: '@nestjs/platform-ws',
    async greeting(program: RunningProgram, token: string): Promise<unknown> {
      await using client = await wsClient(program, token).opened();
      return await client.ask('hello');
    },
    async refusal(program: RunningProgram, token: string): Promise<unknown> {
      await using client = wsClient(program, token);
      return (await client.refusal()).status;
    },
  },
  'Socket.IO': {
    adapter: 'IoAdapter',
    package: '@nestjs/platform-socket.io',
    async greeting(program: RunningProgram, token: string): Promise<unknown> {
      using client = ioClient(program, token);
      const [text] = await client.next('hello');
      return text;
    },
    async refusal(program: RunningProgram, token: string): Promise<unknown> {
      using client = ioClient(program, token);
      const [error] = await client.next('connect_error');
      return (error as { data?: { code: number } }).data?.code;
    },
  },
} as const;

function wsClient({ port }: RunningProgram, token: string): TestClient {
  const headers = { authorization: `Bearer ${token}` };
  return new TestClient(`ws://127.0.0.1:${port}/`, { headers });
}

/** A client that has sent `hello`. */
function ioClient({ port }: RunningProgram, token: string) {
  const socket = io(`http://127.0.0.1:${port}`, { forceNew: true, auth: { token } });
  socket.emit('hello');
  return {
    next: (event: string) =>
      new Promise<unknown[]>((resolve) => socket.once(event, (...all) => resolve(all))),
    [Symbol.dispose]: () => void socket.disconnect(),
  };
}

/** Each Nest, kind of modules and platform once: test/unit/schematics has what the command changes and installs for each pair. */
const rows: readonly [NestMajor, ModuleType, keyof typeof platforms, refusal: number][] = [
  [11, 'cjs', 'ws', 401],
  [12, 'esm', 'Socket.IO', 3000],
];

describe.each(rows)(
  'nest add in a new application of Nest %d (%s, %s)',
  (nest, type, name, refusal) => {
    const platform = platforms[name];
    let app: GeneratedApp;
    let before: string;
    let printed: string;
    beforeAll(async () => {
      app = await GeneratedApp.generate(nest, type);
      before = await app.read('src/main.ts');
      if (name === 'Socket.IO') {
        await app.run(
          'npm',
          'install',
          `@nestjs/websockets@${nest}`,
          `${platform.package}@${nest}`,
        );
      }
      const factory = "import { NestFactory } from '@nestjs/core';\n";
      const adapter = `import { ${platform.adapter} } from '${platform.package}';\n`;
      await app.replace('src/main.ts', factory, factory + adapter);
      const create = 'NestFactory.create(AppModule);\n';
      const use = `  app.useWebSocketAdapter(new ${platform.adapter}(app));\n`;
      await app.replace('src/main.ts', create, create + use);
      printed = await app.nest('add', 'nestjs-ws-auth');
    });
    afterAll(() => app?.[Symbol.asyncDispose]());

    it('removes the adapter from main.ts, and changes nothing else there', async () => {
      expect(await app.read('src/main.ts')).toBe(before);
      expect(printed).toContain(`src/main.ts sets no ${platform.adapter} any more`);
    });

    it('imports the module', async () => {
      const text = await app.read('src/app.module.ts');
      expect(text).toContain("import { WsAuthModule } from 'nestjs-ws-auth';\n");
      expect(text).toContain("  imports: [WsAuthModule.forRoot({ strategy: 'jwt' })],\n");
      expect(printed).toContain('src/app.module.ts imports WsAuthModule');
    });

    it('installs what is missing, in the version of the application', async () => {
      const { dependencies } = await app.manifest();
      for (const installed of ['@nestjs/websockets', '@nestjs/passport', platform.package]) {
        expect(dependencies, installed).toHaveProperty([installed]);
        expect(await app.majorOf(installed), installed).toBe(nest);
      }
      expect(dependencies).toMatchObject({ passport: '^0.7.0', 'passport-jwt': '^4.0.1' });
      const other = Object.values(platforms).find((each) => each !== platform)!;
      expect(dependencies).not.toHaveProperty([other.package]);
    });

    it('leaves an application that authenticates when the rest is done', async () => {
      const file = type === 'esm' ? './chat.js' : './chat';
      await app.write('src/chat.ts', leftToDo);
      const names = 'import { ChatGateway, JwtStrategy } from';
      await app.replace('src/app.module.ts', '\n@Module', `${names} '${file}';\n\n@Module`);
      const providers = '[AppService, JwtStrategy, ChatGateway]';
      await app.replace('src/app.module.ts', '[AppService]', providers);
      await app.compile();
      const environment = { JWT_SECRET: secret.export().toString('hex') };
      await using program = await app.consumer.start('app/dist/main.js', environment);
      expect(await platform.greeting(program, tokenOf('alice'))).toBe('Hello alice!');
      expect(await platform.refusal(program, 'forged')).toBe(refusal);
    });

    it('changes nothing when it runs again', async () => {
      const files = ['package.json', 'src/app.module.ts', 'src/main.ts'];
      const texts = await Promise.all(files.map((each) => app.read(each)));
      expect(await app.nest('add', 'nestjs-ws-auth')).toContain('Nothing to be done');
      expect(await Promise.all(files.map((each) => app.read(each)))).toEqual(texts);
    });
  },
);
