import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../lib/cli/options.js';
import { runCommand } from '../../support/terminal.js';

const url = 'ws://127.0.0.1:1/';
const secret = 'a-secret-of-the-command-line';

/** Command lines that are refused, and what the line in answer to each has. */
const mistakes: readonly [args: readonly string[], words: string][] = [
  [['tyr', url], 'expected `try` and one URL'],
  [['try'], 'expected `try` and one URL'],
  [['try', url, secret], 'expected `try` and one URL'],
  [['try', secret], 'ws:, wss:, http: or https:'],
  [['try', `ftp://${secret}/`], 'ws:, wss:, http: or https:'],
  [['try', `ws://${secret}:x@127.0.0.1/`], 'no credential belongs in the URL'],
  [['try', url, `--${secret}`], 'unknown option'],
  [['try', url, '--token'], 'lacks its value'],
  [['try', url, `--token-stdin=${secret}`], 'lacks its value, or has one too many'],
  [['try', url, '--timeout', secret], '--timeout has to be a number'],
  [['try', url, '--timeout', '0'], '--timeout has to be a number'],
  [['try', url, '--timeout', '1.5'], '--timeout has to be a number'],
  [['try', url, '--timeout', '600001'], '--timeout has to be a number'],
  [['try', `ws://:${secret}@127.0.0.1/`], 'no credential belongs in the URL'],
  [['try', url], 'there is no token'],
  [['try', url, '--token-stdin'], 'there is no token'],
];

describe('the command line', () => {
  it.each(mistakes)(
    '%j is refused with exit code 2 and no value in the message',
    async (args, words) => {
      const { exitCode, stdout, stderr } = await runCommand(args);
      expect([exitCode, stdout]).toEqual([2, '']);
      expect(stderr).toContain(words);
      expect(stderr).not.toContain(secret);
    },
  );

  it.each([[[]], [['--help']], [['try', '--help']]])('%j prints the options', async (args) => {
    const { exitCode, stdout } = await runCommand(args);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Usage: nestjs-ws-auth try <url>');
  });

  it('leaves out the fragment of the URL, which no WebSocket may have', () => {
    expect(readOptions(['try', 'ws://127.0.0.1/chat?room=1#top'])?.url.href).toBe(
      'ws://127.0.0.1/chat?room=1',
    );
  });

  it('refuses a standard input that is too long for a token', async () => {
    const stdin = 'x'.repeat(65_537);
    const { stderr } = await runCommand(['try', url, '--token-stdin'], { stdin });
    expect(stderr).toContain('too long for a token');
  });
});
