import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { rootFile } from '../readme/readme.js';
import { TestClient } from '../support/client.js';
import { Consumer } from './consumer.js';

const folder = 'sample/examples/nest-11-jest';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

describe(folder, () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
    const source = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
    await cp(source, consumer.folder, { recursive: true });
    const manifest = JSON.parse(rootFile(join(folder, 'package.json'))) as Manifest;
    const dependencies = { ...manifest.dependencies, 'nestjs-ws-auth': inject('tarball').path };
    await consumer.write('package.json', JSON.stringify({ ...manifest, dependencies }));
    await consumer.install([]);
  });
  afterAll(() => consumer?.[Symbol.asyncDispose]());

  it('passes its tests', async () => {
    const printed = await consumer.outputOf('npm', ['test', '--', '--json']);
    expect(printed).toContain('"numPassedTests":3');
    expect(printed).toContain('"success":true');
  });

  it('builds, starts and answers', async () => {
    await expect(consumer.outputOf('npm', ['run', 'build'])).resolves.not.toContain('error');
    await using program = await consumer.start('dist/main.js', { JWT_SECRET: 'of the test' });
    const token = jwt.sign({ sub: 'alice' }, 'of the test', { expiresIn: 60 });
    const headers = { authorization: `Bearer ${token}` };
    await using client = await new TestClient(`ws://127.0.0.1:${program.port}/chat`, {
      headers,
    }).opened();
    expect(await client.ask('hello')).toBe('Hello alice!');
  });
});
