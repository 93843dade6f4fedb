import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks, rootFile, section } from '../readme/readme.js';
import { TestClient } from '../support/client.js';
import type { RunningProgram } from './consumer.js';
import type { Stack } from './stack.js';

const quickStartOf = () => section(rootFile('README.md'), 'Quick start');

/** The secret with which README.md starts the quick start, and the tokens that it connects with. */
function credentialsOfReadme() {
  const text = quickStartOf();
  const [, secret = ''] = /JWT_SECRET=(\S+)/.exec(text) ?? [];
  return { secret, tokens: text.match(/eyJ[\w.-]+/g) ?? [] };
}

/** Compiles the quick start of README.md in the folder of a stack, starts it and talks to it. */
export function describeQuickStart(stackOf: () => Stack): void {
  describe('the quick start', () => {
    const { secret, tokens } = credentialsOfReadme();
    const token = (sub: string, key = secret) => jwt.sign({ sub }, key, { expiresIn: 60 });
    let program: RunningProgram;
    const connect = (options = {}) => new TestClient(`ws://127.0.0.1:${program.port}/`, options);

    beforeAll(async () => {
      const { consumer, nest } = stackOf();
      const [quickStart] = codeBlocks(quickStartOf(), 'ts');
      // The kind that a new application of this Nest has comes last: it is the one that runs.
      const kinds = nest === 11 ? ['module', 'commonjs'] : ['commonjs', 'module'];
      for (const type of kinds) {
        // Nest's own template skips the check of declaration files; with Nest 11 that is needed. It is the same for both kinds.
        const options = { skipLibCheck: nest === 11 || type === 'commonjs' };
        await consumer.write('quick-start/package.json', JSON.stringify({ type }));
        await consumer.write('quick-start/src/main.ts', quickStart!);
        await consumer.compileProject('quick-start', options);
      }
      program = await consumer.start('quick-start/dist/main.js', { JWT_SECRET: secret });
    });
    afterAll(() => program?.[Symbol.asyncDispose]());

    it('answers the tokens of README.md', async () => {
      expect(tokens).toHaveLength(2);
      for (const each of tokens) {
        const headers = { authorization: `Bearer ${each}` };
        await using client = await connect({ headers }).opened();
        expect(await client.emit('hello').nextEvent()).toEqual({
          event: 'hello',
          data: 'Hello alice!',
        });
      }
    });

    it('answers a machine that sends its token in a header', async () => {
      const headers = { authorization: `Bearer ${token('alice')}` };
      await using client = await connect({ headers }).opened();
      expect(await client.emit('hello').nextEvent()).toEqual({
        event: 'hello',
        data: 'Hello alice!',
      });
    });

    it('answers a page that sends its token as the first message', async () => {
      await using client = await connect().opened();
      client.emit('authenticate', { token: token('bob') }).emit('hello');
      expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
      expect(await client.nextEvent()).toEqual({ event: 'hello', data: 'Hello bob!' });
    });

    it('refuses a token with a foreign signature, on the upgrade and in the first message', async () => {
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
}
