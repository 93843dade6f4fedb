import { createSecretKey, randomBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TestClient } from '../support/client.js';
import { codeBlocks, rootFile, section } from '../readme/readme.js';
import { Consumer, type RunningProgram } from './consumer.js';

const readme = rootFile('README.md');
const [quickStart] = codeBlocks(section(readme, 'Quick start'), 'ts');

/** What a new Nest application has before it meets the README. */
const newApplication = (nest: number) => [
  `@nestjs/common@${nest}`,
  `@nestjs/core@${nest}`,
  `@nestjs/platform-express@${nest}`,
  'reflect-metadata@0.2',
  'rxjs@7',
  'typescript@~6.0.3',
  '@types/node@20',
];

/** The packages that the README tells its reader to install, our own as the tarball. */
function packagesOfReadme(nest: number): string[] {
  const commands = codeBlocks(section(readme, 'Install'), 'sh').join('');
  return [...commands.matchAll(/^npm install (.+)$/gm)]
    .flatMap(([, names]) => names!.split(' '))
    .filter((name) => !name.startsWith('-'))
    .map((name) => (name === 'nestjs-ws-auth' ? inject('tarball').path : name))
    .map((name) => (name.startsWith('@nestjs/') ? `${name}@${nest}` : name));
}

// Nest's own template skips the check of declaration files; with Nest 11 that is needed.
describe.each([
  { nest: 12, skipLibCheck: false },
  { nest: 11, skipLibCheck: true },
])('the packed package in an empty folder with Nest $nest', ({ nest, skipLibCheck }) => {
  const secret = randomBytes(32).toString('hex');
  const token = (sub: string, key = secret) =>
    jwt.sign({ sub }, createSecretKey(key, 'utf8'), { expiresIn: 60 });
  let consumer: Consumer;
  let program: RunningProgram;
  const connect = (options = {}) => new TestClient(`ws://127.0.0.1:${program.port}/chat`, options);

  beforeAll(async () => {
    consumer = await Consumer.create();
    await consumer.install([...newApplication(nest), ...packagesOfReadme(nest)]);
    await consumer.write('main.ts', quickStart!);
    await consumer.compile('main.ts', { skipLibCheck });
    program = await consumer.start('dist/main.js', { JWT_SECRET: secret });
  });
  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
    await consumer?.[Symbol.asyncDispose]();
  });

  it('runs the quick start: a machine sends its token in a header', async () => {
    const headers = { authorization: `Bearer ${token('alice')}` };
    await using client = await connect({ headers }).opened();
    expect(await client.emit('hello').nextEvent()).toEqual({
      event: 'hello',
      data: 'Hello alice!',
    });
  });

  it('runs the quick start: a page sends its token as the first message', async () => {
    await using client = await connect().opened();
    client.emit('authenticate', { token: token('bob') }).emit('hello');
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(await client.nextEvent()).toEqual({ event: 'hello', data: 'Hello bob!' });
  });

  it('refuses a token of somebody else, on the upgrade and in the first message', async () => {
    const forged = token('alice', 'another secret');
    await using machine = connect({ headers: { authorization: `Bearer ${forged}` } });
    expect(await machine.refusal()).toMatchObject({ status: 401 });
    await using page = await connect().opened();
    page.emit('authenticate', { token: forged });
    expect(await page.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
  });

  it('runs no handler for a client without a token', async () => {
    await using client = await connect().opened();
    client.emit('hello');
    expect(await client.closed()).toEqual({ code: 3000, reason: 'credential required' });
    expect(client.unread).toEqual([]);
  });
});
