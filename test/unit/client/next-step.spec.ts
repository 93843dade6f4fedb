import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import {
  fullJitter,
  nextStep,
  type End,
  type History,
  type Patience,
} from '../../../lib/client/next-step.js';

const patience: Patience = { backOffMs: 1_000, maxBackOffMs: 30_000, maxFailures: Infinity };
const begin: History = { failures: 0, refused: false };

/** An attempt that never became a connection. */
const failed: End = {
  code: 1006,
  reason: '',
  wasClean: false,
  action: 'backOff',
  accepted: false,
  expired: false,
  openMs: 0,
};
const refused: End = { ...failed, code: 3000, action: 'newToken' };
const revoked: End = { ...refused, accepted: true, openMs: 60_000 };
const expired: End = { ...revoked, expired: true };

/** The longest delay: what full jitter gives at most. */
const longest = () => 1;
const step = (end: End, history: History, options = patience) =>
  nextStep(end, history, options, longest);

describe('the next step after a connection that failed', () => {
  it('is another one, after at most twice as long with each failure, and never more than the bound', () => {
    const delays: number[] = [];
    let history = begin;
    for (let count = 0; count < 8; count += 1) {
      const next = step(failed, history);
      if (!next.again) throw new Error('it gave up');
      delays.push(next.delayMs);
      history = next.history;
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(history).toEqual({ failures: 8, refused: false });
  });

  it('remembers that the token before was refused', () => {
    expect(step(failed, { failures: 1, refused: true })).toMatchObject({
      history: { failures: 2, refused: true },
    });
  });

  it('is to stop after the greatest number of failures', () => {
    const options = { ...patience, maxFailures: 3 };
    expect(step(failed, { failures: 1, refused: false }, options).again).toBe(true);
    expect(step(failed, { failures: 2, refused: false }, options)).toEqual({
      again: false,
      unauthenticated: false,
    });
  });

  it('counts from the beginning after a connection that lasted', () => {
    const history = { failures: 7, refused: false };
    const after = (openMs: number) => step({ ...failed, accepted: true, openMs }, history);
    expect(after(29_999)).toMatchObject({ delayMs: 30_000, history: { failures: 8 } });
    expect(after(30_000)).toMatchObject({ delayMs: 1_000, history: { failures: 1 } });
  });
});

describe('the next step after a token was refused', () => {
  it('is to connect immediately with a new token', () => {
    expect(step(refused, begin)).toEqual({
      again: true,
      delayMs: 0,
      history: { failures: 1, refused: true },
    });
  });

  it('is to stop when the new token is refused as well: the user is logged out', () => {
    expect(step(refused, { failures: 1, refused: true })).toEqual({
      again: false,
      unauthenticated: true,
    });
  });

  it('is another one when a token was accepted in between, and waits until the second of a revocation is over', () => {
    const next = step(revoked, { failures: 0, refused: true });
    expect(next).toMatchObject({ delayMs: 2_000, history: { refused: true } });
    expect(nextStep(revoked, begin, patience, () => 0)).toMatchObject({ delayMs: 1_000 });
  });

  it('waits longer and longer when the server accepts a token and then ends the session', () => {
    const short = { ...revoked, openMs: 10 };
    expect(step(short, { failures: 4, refused: true })).toMatchObject({ delayMs: 17_000 });
  });

  it('is immediate when the session was at its end', () => {
    expect(step(expired, { failures: 9, refused: false })).toEqual({
      again: true,
      delayMs: 0,
      history: { failures: 1, refused: true },
    });
  });

  it('is immediate only if the session has lasted: one that ends when it begins makes no loop', () => {
    const short = { ...expired, openMs: 999 };
    expect(step(short, { failures: 1, refused: true })).toMatchObject({ delayMs: 3_000 });
  });
});

describe('the next step', () => {
  it('is to stop after a final close code, whatever was before', () => {
    for (const history of [begin, { failures: 3, refused: true }]) {
      expect(step({ ...revoked, code: 1008, action: 'terminal' }, history)).toEqual({
        again: false,
        unauthenticated: false,
      });
    }
  });

  it('is to stop without a token, however patient the client is', () => {
    expect(step({ ...refused, unauthenticated: true }, begin)).toEqual({
      again: false,
      unauthenticated: true,
    });
  });

  it('never follows a refused token with more than one other that is not accepted, in whatever order things end', () => {
    const end = fc.constantFrom<End>(failed, refused);
    fc.assert(
      fc.property(fc.array(end, { minLength: 1, maxLength: 12 }), (ends) => {
        let history = begin;
        for (const [index, each] of ends.entries()) {
          const next = nextStep(each, history, patience);
          const refusals = ends.slice(0, index + 1).filter((one) => one === refused).length;
          expect(next.again).toBe(refusals < 2);
          if (!next.again) return;
          ({ history } = next);
        }
      }),
    );
  });
});

describe('full jitter', () => {
  it('is any time up to the bound, evenly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, chance) => {
          const delay = fullJitter(failures, patience, () => chance);
          expect(delay).toBe(chance * Math.min(30_000, 1_000 * 2 ** failures));
        },
      ),
    );
  });
});

describe('K4b: the next step after a revocation, if the clock of the issuer is behind', () => {
  /** The ends of connections with these tokens, of which the first had a session. */
  function follow(tokens: readonly (string | undefined)[], refusal: End): readonly NextStep[] {
    const steps: NextStep[] = [];
    let history = begin;
    tokens.forEach((token, index) => {
      const next = step({ ...(index === 0 ? revoked : refusal), token }, history);
      steps.push(next);
      history = next.again ? next.history : history;
    });
    return steps;
  }

  type NextStep = ReturnType<typeof nextStep>;
  const givesUp = { again: false, unauthenticated: true };
  const fresh = Array.from({ length: 8 }, (_none, index) => `token ${index}`);

  it.each<[string, End]>([
    ['a message', { ...refused, reason: 'revoked' }],
    ['a status', { ...refused, code: 1006 }],
  ])('is a new token, later each time, when new ones are refused by %s', (_how, refusal) => {
    const steps = follow(fresh, refusal);
    const delays = steps.map((each) => (each.again ? each.delayMs : undefined));
    const growing = [2_000, 3_000, 5_000, 9_000, 17_000, 31_000, 31_000];
    expect(delays).toEqual([...growing, undefined]);
    expect(steps.at(-1)).toEqual(givesUp);
  });

  it('is to stop when the same token is refused again', () => {
    expect(follow(['one', 'one'], refused).at(-1)).toEqual(givesUp);
    expect(follow(['one', 'two', 'two'], refused).at(-1)).toEqual(givesUp);
  });

  it('is a new token after a time when the first is refused as revoked', () => {
    const first = step({ ...refused, reason: 'revoked', token: 'one' }, begin);
    expect(first).toMatchObject({ again: true, delayMs: 2_000 });
  });

  it('remembers the revocation over connections that fail, and forgets it with a session', () => {
    const first = step({ ...revoked, token: 'one' }, begin);
    if (!first.again) throw new Error('it gave up');
    const lost = step(failed, first.history);
    expect(lost).toMatchObject({ history: { revoked: { tokens: 0, last: 'one' } } });
    const { history } = step({ ...failed, accepted: true }, first.history) as typeof first;
    expect(history.revoked).toBeUndefined();
  });
});
