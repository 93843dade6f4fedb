import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it, vi } from 'vitest';
import {
  WS_AUTH_ADAPTER_CONTEXT,
  type AdapterContext,
} from '../../../lib/adapters/adapter-context.js';
import { fromAuthorizationHeader, WsAuthEvents, WsAuthModule } from '../../../lib/index.js';
import { Authenticator } from '../../../lib/authentication/authenticator.js';
import { StrategyChain } from '../../../lib/authentication/strategy-chain.js';
import { Strategies } from '../../../lib/passport/strategies.js';
import { entranceOf } from '../../../lib/testing/entrance.js';
import { connect, connectAs, expectRefused } from '../../../lib/testing.js';
import { startProtected, type TestApp } from '../../support/app.js';
import { EchoGateway } from '../../support/gateways.js';
import { JwtStrategy } from '../../support/strategies.js';

const alice = { id: 'alice' };
const options = { strategy: 'jwt', credentials: [fromAuthorizationHeader()] };
const lib = fileURLToPath(new URL('../../../lib', import.meta.url));

@Module({ imports: [WsAuthModule.forRoot(options)], providers: [JwtStrategy, EchoGateway] })
class AppModule {}

/** An application as it runs in production. */
class RealApplication implements AsyncDisposable {
  private constructor(readonly nest: INestApplication) {}

  static async start(): Promise<RealApplication> {
    const nest = await NestFactory.create(AppModule, { logger: false });
    await nest.listen(0, '127.0.0.1');
    return new RealApplication(nest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nest.close();
  }
}

/** What is open in an application with one gateway. */
function grantsOf(app: TestApp): ReadonlyMap<string, unknown> {
  const [server] = app.nest.get<AdapterContext>(WS_AUTH_ADAPTER_CONTEXT).protectedServers;
  return entranceOf(server!.context.authenticator);
}

describe('connectAs() opens nothing for other clients', () => {
  it('an application made by NestFactory refuses every client without a credential', async () => {
    await using app = await RealApplication.start();
    const attempt = connectAs(app.nest, alice);
    await expect(attempt).rejects.toThrow('was not built by Test.createTestingModule()');
    await expectRefused(connect(app.nest), { status: 401, reason: 'credential required' });
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  it('nothing is opened where NODE_ENV is production', async () => {
    await using app = await startProtected(options);
    vi.stubEnv('NODE_ENV', 'production');
    const attempt = connectAs(app.nest, alice);
    await expect(attempt).rejects.toThrow('NODE_ENV is production');
    vi.unstubAllEnvs();
    await expectRefused(connect(app.nest), { status: 401 });
  });

  it('other clients of the application under test are refused, before, meanwhile and afterwards', async () => {
    await using app = await startProtected(options);
    await expectRefused(connect(app.nest), { status: 401 });
    const meanwhile = connectAs(app.nest, alice);
    await expectRefused(connect(app.nest), { status: 401 });
    await using _client = await meanwhile;
    await expectRefused(connect(app.nest), { status: 401 });
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
  });

  it('a grant is gone as soon as it is used', async () => {
    await using app = await startProtected(options);
    const left: number[] = [];
    app.nest.get(WsAuthEvents).on('authenticated', () => left.push(grantsOf(app).size));
    await using _client = await connectAs(app.nest, alice);
    expect(left).toEqual([0]);
  });

  it('a grant is gone with an attempt that came to nothing', async () => {
    await using app = await startProtected({ maxPendingPerAddress: 1 });
    await using _pending = await connect(app.nest);
    await expectRefused(connectAs(app.nest, alice), { status: 429 });
    expect(grantsOf(app).size).toBe(0);
  });

  it('another gateway of the application demands what it did', async () => {
    await using app = await startProtected(options);
    await using other = await startProtected(options);
    await using _client = await connectAs(app.nest, alice);
    await expectRefused(connect(other.nest), { status: 401 });
  });

  it('the classes of the package are left as they are', async () => {
    const prototypes = [Authenticator, StrategyChain, Strategies].map(({ prototype }) => prototype);
    const before = prototypes.map((each) => Object.getOwnPropertyDescriptors(each));
    await using app = await startProtected(options);
    await using _client = await connectAs(app.nest, alice);
    expect(prototypes.map((each) => Object.getOwnPropertyDescriptors(each))).toEqual(before);
  });
});

function ofKit(file: string): boolean {
  return file === 'testing.ts' || file.startsWith('testing/');
}

describe('the code of production', () => {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );

  it('imports nothing of the kit: only nestjs-ws-auth/testing loads it', () => {
    const importing = files
      .filter((file) => !ofKit(file))
      .filter((file) => /from '[^']*\btesting\b/.test(readFileSync(join(lib, file), 'utf8')));
    expect(importing).toEqual([]);
    expect(files.filter(ofKit).length).toBeGreaterThan(1);
  });

  it('never names the kit or what it opens', () => {
    const naming = files
      .filter((file) => !ofKit(file))
      .filter((file) =>
        /connectAs|RootTestModule|Grant\b/.test(readFileSync(join(lib, file), 'utf8')),
      );
    expect(naming).toEqual([]);
  });
});
