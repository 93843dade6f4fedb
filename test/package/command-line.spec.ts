import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startProtected } from '../support/app.js';
import { tokenOf } from '../support/tokens.js';
import { Consumer } from './consumer.js';

/** Where nothing of Nest is installed, as with `npx` in an empty folder. */
describe('the command of the packed package', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await Consumer.create();
    await consumer.install([inject('tarball').path, '--legacy-peer-deps']);
  });
  afterAll(() => consumer?.[Symbol.asyncDispose]());

  const command = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    promisify(execFile)(join(consumer.folder, 'node_modules/.bin/nestjs-ws-auth'), args, {
      cwd: consumer.folder,
      env: { ...process.env, ...env },
    });

  it('is executable, needs no other package, and finds where the token is accepted', async () => {
    await using app = await startProtected();
    const token = tokenOf('alice');
    // It ends with its last answer: no timer is left.
    const args = ['try', app.url(), '--timeout', '600000'];
    const { stdout, stderr } = await command(args, { WS_AUTH_TOKEN: token });
    expect(consumer.has('@nestjs/common')).toBe(false);
    expect(stdout).toContain('Accepted: fromAuthorizationHeader(), fromFirstMessage().');
    expect(stdout + stderr).not.toContain(token.slice(0, 20));
  });

  it('exits with 2 and one line if it is called wrongly', async () => {
    await expect(command(['try'], {})).rejects.toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'expected `try` and one URL\nnestjs-ws-auth --help\n',
    });
  });
});
