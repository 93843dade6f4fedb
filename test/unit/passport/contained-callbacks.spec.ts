import { describe, expect, it } from 'vitest';
import { runStrategy } from '../../../lib/passport/run-strategy.js';
import { ManualAttempt, strategyOf, type Acting } from '../support/strategies.js';
import { settle } from '../../support/turns.js';

type Ask = (...args: unknown[]) => unknown;

/** A strategy that keeps a function, and acts on it. */
function outcomeOf(ask: Ask, act: (run: Acting, ask: Ask) => unknown, name = '_ask') {
  const strategy = strategyOf((run) => act(run, Object(run)[name]));
  return runStrategy(Object.assign(strategy, { [name]: ask }), {}, new ManualAttempt());
}

/** Handles the failure of the function later. */
async function fallBack(run: Acting, ask: Ask): Promise<void> {
  await (ask(() => {}) as Promise<unknown>).catch(settle);
  run.success({ id: 'from elsewhere' });
}

const down = new Error('down');
const broken = () => Promise.reject(down);
const done = () => {};

describe('a function that a strategy keeps', () => {
  it('K12c: that is called with a callback, and rejects, ends the run with its error', async () => {
    const outcome = outcomeOf(broken, (_run, ask) => void ask('token', done));
    await expect(outcome).resolves.toEqual({ type: 'error', error: down });
  });

  it('K12c: leaves a rejection that the strategy handles to the strategy', async () => {
    const outcome = outcomeOf(broken, async (run, ask) => {
      try {
        await ask('token', done);
      } catch {
        run.fail('x');
      }
    });
    await expect(outcome).resolves.toMatchObject({ type: 'fail', challenge: 'x' });
  });

  it('K12c: that is called without a callback is the own of the strategy', async () => {
    const outcome = outcomeOf(broken, async (run, ask) => {
      await (ask('token') as Promise<unknown>).catch(settle);
      run.success({ id: 'from elsewhere' });
    });
    await expect(outcome).resolves.toMatchObject({ type: 'success' });
  });

  it.each(['withRetries', '_withRetries'])(
    'K12c: leaves a rejection that the strategy handles later to the strategy, under the name %s',
    async (name) => {
      await expect(outcomeOf(broken, fallBack, name)).resolves.toMatchObject({ type: 'success' });
    },
  );

  it('K12c: ends the run under any name, such as getOptions of passport-ldapauth', async () => {
    const outcome = outcomeOf(broken, (_run, ask) => void ask({}, done), 'getOptions');
    await expect(outcome).resolves.toEqual({ type: 'error', error: down });
  });

  it('K12c: is called with what it was given, and returns what it returns', async () => {
    const ask = Object.assign((...args: unknown[]) => args, { of: 'the application' });
    const outcome = outcomeOf(ask, (run, asked) =>
      run.success({ asked: asked(1, done), of: (asked as typeof ask).of, length: asked.length }),
    );
    await expect(outcome).resolves.toMatchObject({
      user: { asked: [1, done], of: 'the application', length: 0 },
    });
  });

  it('K12c: may be let go of once it has been used', async () => {
    const kept: { onConnect?: Ask } = { onConnect: done };
    const strategy = Object.assign(
      strategyOf((run) => run.success({ id: 'alice' })),
      kept,
    );
    const outcome = () => runStrategy(strategy, {}, new ManualAttempt());
    await expect(outcome()).resolves.toMatchObject({ type: 'success' });
    Object.assign(strategy, { onConnect: undefined });
    await expect(outcome()).resolves.toMatchObject({ type: 'success' });
  });
});
