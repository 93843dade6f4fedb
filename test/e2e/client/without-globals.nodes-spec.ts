import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startProtected } from '../../support/app.js';
import { tokenOf } from '../../support/tokens.js';

const program = fileURLToPath(new URL('without-globals.mjs', import.meta.url));

describe('the client without the globals that React Native has not', () => {
  it('K7l: is imported, keeps messages, authenticates, receives and ends', async () => {
    await using app = await startProtected();
    const args = [program, app.url(), tokenOf('alice')];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout.trim().split('\n')).toEqual([
      `InvalidStateError ${'{"event":"whoami"}'.length + 3}`,
      '{"event":"whoami","data":{"user":"alice","via":"fromFirstMessage"}}',
      'aborted',
    ]);
  });
});
