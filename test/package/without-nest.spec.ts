import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startProtected } from '../support/app.js';
import { tokenOf } from '../support/tokens.js';
import { rootFile } from '../readme/readme.js';
import { Consumer } from './consumer.js';

const { peerDependencies } = JSON.parse(rootFile('package.json')) as {
  readonly peerDependencies: Record<string, string>;
};

const command = (
  { folder }: Consumer,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) =>
  promisify(execFile)(join(folder, 'node_modules/.bin/nestjs-ws-auth'), args, {
    cwd: folder,
    env: { ...process.env, ...env },
  });

/** As in a front end, and with `npx` in an empty folder. */
describe('the package alone', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
    await consumer.install([inject('tarball').path]);
  });
  afterAll(() => consumer?.[Symbol.asyncDispose]());

  describe('as a front end installs it', () => {
    it('does not install Nest, or any other peer', () => {
      expect(Object.keys(peerDependencies).filter((name) => consumer.has(name))).toEqual([]);
    });

    it('imports the client', async () => {
      const said = await consumer.evaluate(
        `const { connect } = await import('nestjs-ws-auth/client'); process.stdout.write(typeof connect)`,
      );
      expect(said).toBe('function');
    });

    it('reports which package a server lacks', async () => {
      await expect(consumer.evaluate(`await import('nestjs-ws-auth')`)).rejects.toThrow(
        /Cannot find package '@nestjs\/[\w-]+' imported from /,
      );
    });
  });

  describe('as a command', () => {
    it('is executable, needs no other package, and finds where the token is accepted', async () => {
      await using app = await startProtected();
      const token = tokenOf('alice');
      // It ends with its last answer: no timer is left.
      const args = ['try', app.url(), '--timeout', '600000'];
      const { stdout, stderr } = await command(consumer, args, { WS_AUTH_TOKEN: token });
      expect(stdout).toContain('Accepted: fromAuthorizationHeader(), fromFirstMessage().');
      expect(stdout + stderr).not.toContain(token.slice(0, 20));
    });

    it('exits with 2 and one line if it is called wrongly', async () => {
      await expect(command(consumer, ['try'], {})).rejects.toMatchObject({
        code: 2,
        stdout: '',
        stderr: 'expected `try` and one URL\nnestjs-ws-auth --help\n',
      });
    });
  });
});
