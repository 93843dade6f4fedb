import { describe, expect, it } from 'vitest';
import { askForToken, type Token, type TokenRequest } from '../../../lib/client/token-source.js';
import { settle } from '../../support/turns.js';

/** A source whose calls a test answers. */
function openSource() {
  const calls: (TokenRequest & { answer(token: Token): void; fail(error: Error): void })[] = [];
  const source = (request: TokenRequest) =>
    new Promise<Token>((resolve, reject) => {
      calls.push({ ...request, answer: resolve, fail: reject });
    });
  return { calls, source };
}

const mistaken = () => {
  throw new Error('a mistake');
};

describe('asking for a token', () => {
  it('shares one call among callers while it is under way', async () => {
    const { calls, source } = openSource();
    const tokens = [askForToken(source, false), askForToken(source, false)];
    await settle();
    expect(calls).toHaveLength(1);
    calls[0]!.answer('one');
    expect(await Promise.all(tokens)).toEqual(['one', 'one']);
  });

  it('calls again for a later caller', async () => {
    const { calls, source } = openSource();
    const first = askForToken(source, false);
    await settle();
    calls[0]!.answer('one');
    await first;
    const second = askForToken(source, false);
    await settle();
    calls[1]!.answer('two');
    expect(await second).toBe('two');
  });

  it('returns no result of a call that began before the token was refused', async () => {
    const { calls, source } = openSource();
    const tokens = [askForToken(source, false), askForToken(source, true)];
    await settle();
    expect(calls.map(({ refused }) => refused)).toEqual([false, true]);
    calls[1]!.answer('new');
    calls[0]!.answer('old');
    expect(await Promise.all(tokens)).toEqual(['old', 'new']);
  });

  it('shares a failure, and forgets it', async () => {
    const { calls, source } = openSource();
    const tokens = [askForToken(source, false), askForToken(source, false)];
    await settle();
    calls[0]!.fail(new Error('offline'));
    const outcomes = await Promise.allSettled(tokens);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    void askForToken(source, false).catch(() => undefined);
    await settle();
    expect(calls).toHaveLength(2);
    calls[1]!.answer(undefined);
  });

  it('turns what a source throws into a rejection', async () => {
    await expect(askForToken(mistaken, false)).rejects.toThrow('a mistake');
  });

  it('asks each source for itself', async () => {
    const tokens = [askForToken(() => 'a', false), askForToken(() => 'b', false)];
    expect(await Promise.all(tokens)).toEqual(['a', 'b']);
  });
});
