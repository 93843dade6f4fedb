import { fc } from '../../support/property.js';
import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../../lib/passport/outcome.js';
import { runStrategy } from '../../../lib/passport/run-strategy.js';
import { ManualAttempt, strategyOf, type Acting } from '../support/strategies.js';
import { settle } from '../../support/turns.js';

async function run(act: (run: Acting, request: unknown) => unknown): Promise<Outcome> {
  return await runStrategy(strategyOf(act), {}, new ManualAttempt());
}

const failure = (challenge?: unknown, status?: unknown): Outcome => ({
  type: 'fail',
  challenge,
  status,
});
const down = new Error('down');

interface Case {
  readonly name: string;
  readonly act: (run: Acting) => unknown;
  readonly outcome: Partial<Outcome>;
}

const cases: readonly Case[] = [
  {
    name: 'success(user, info)',
    act: (self) => self.success({ id: 1 }, { scope: 'a' }),
    outcome: { type: 'success', user: { id: 1 }, info: { scope: 'a' } },
  },
  ...[undefined, null, false, 0, '', Number.NaN].map((user): Case => ({
    name: `ST-12: success(${String(user)})`,
    act: (self) => self.success(user),
    outcome: { type: 'success', user, info: undefined },
  })),
  { name: 'fail()', act: (self) => self.fail(), outcome: failure() },
  { name: 'fail(challenge)', act: (self) => self.fail('Bearer x'), outcome: failure('Bearer x') },
  {
    name: 'fail(challenge, status)',
    act: (self) => self.fail('Bearer x', 403),
    outcome: failure('Bearer x', 403),
  },
  { name: 'fail(status)', act: (self) => self.fail(400), outcome: failure(undefined, 400) },
  { name: "ST-15: fail('401')", act: (self) => self.fail('401'), outcome: failure('401') },
  {
    name: 'ST-15: fail(challenge, [statuses])',
    act: (self) => self.fail(['a', 'b'], [401, 403]),
    outcome: failure(['a', 'b'], [401, 403]),
  },
  {
    name: 'ST-11: redirect(url)',
    act: (self) => self.redirect('https://evil.example', 302),
    outcome: { type: 'redirect' },
  },
  { name: 'ST-10: pass()', act: (self) => self.pass(), outcome: { type: 'pass' } },
  {
    name: 'error(error)',
    act: (self) => self.error(down),
    outcome: { type: 'error', error: down },
  },
  {
    name: 'error() without an error',
    act: (self) => self.error(),
    outcome: { type: 'error', error: undefined },
  },
  {
    name: 'a synchronous throw',
    act: () => {
      throw down;
    },
    outcome: { type: 'error', error: down },
  },
  {
    name: 'a rejection',
    act: () => Promise.reject(down),
    outcome: { type: 'error', error: down },
  },
  {
    name: 'a thenable that rejects synchronously',
    // oxlint-disable-next-line unicorn/no-thenable -- strange strategies are the point
    act: () => ({ then: (_resolve: unknown, reject: (error: Error) => void) => reject(down) }),
    outcome: { type: 'error', error: down },
  },
  {
    name: 'a thenable whose then throws',
    act: () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- strange strategies are the point
      get then() {
        throw down;
      },
    }),
    outcome: { type: 'error', error: down },
  },
  {
    name: 'an action behind an await',
    act: async (self) => {
      await settle();
      self.success({ id: 1 });
    },
    outcome: { type: 'success', user: { id: 1 }, info: undefined },
  },
  {
    name: 'an action in a later turn',
    act: (self) => setImmediate(() => self.fail('late')),
    outcome: failure('late'),
  },
  {
    name: 'ST-07: success() twice with different users',
    act: (self) => {
      self.success({ id: 1 });
      self.success({ id: 2 });
    },
    outcome: { type: 'success', user: { id: 1 }, info: undefined },
  },
  {
    name: 'ST-08: fail() and then success()',
    act: (self) => {
      self.fail();
      self.success({ id: 1 });
    },
    outcome: failure(),
  },
  {
    name: 'ST-08: error() and then success()',
    act: (self) => {
      self.error(down);
      self.success({ id: 1 });
    },
    outcome: { type: 'error', error: down },
  },
  {
    name: 'ST-08: pass() and, later, success()',
    act: (self) => {
      self.pass();
      setImmediate(() => self.success({ id: 1 }));
    },
    outcome: { type: 'pass' },
  },
  {
    name: 'ST-08: success() and then fail()',
    act: (self) => {
      self.success({ id: 1 });
      self.fail();
    },
    outcome: { type: 'success', user: { id: 1 }, info: undefined },
  },
  {
    name: 'ST-20: success() and then a throw',
    act: (self) => {
      self.success({ id: 1 });
      throw down;
    },
    outcome: { type: 'success', user: { id: 1 }, info: undefined },
  },
  {
    name: 'ST-20: fail() and then a rejection',
    act: async (self) => {
      self.fail('no');
      await settle();
      throw down;
    },
    outcome: failure('no'),
  },
];

describe('runStrategy', () => {
  for (const { name, act, outcome } of cases) {
    it(`ends ${name} in ${outcome.type}`, async () => {
      await expect(run(act)).resolves.toMatchObject(outcome);
      await settle();
    });
  }

  it('waits for a strategy that returns before it acts', async () => {
    let act: (() => void) | undefined;
    const outcome = run((self) => {
      act = () => self.success({ id: 1 });
      return Promise.resolve('this is not an outcome');
    });
    await settle();
    act?.();
    await expect(outcome).resolves.toMatchObject({ type: 'success' });
  });

  it.each([true, 'yes', 1, null, { user: 1 }, () => undefined])(
    'makes nothing of the return value %o',
    async (returned) => {
      await expect(
        run((self) => {
          setImmediate(() => self.fail('said later'));
          return returned;
        }),
      ).resolves.toEqual(failure('said later'));
    },
  );

  it('ST-06, K6c: waits for a strategy that has begun when the attempt ends first', async () => {
    const attempt = new ManualAttempt();
    const ended = vi.fn();
    let act: (() => void) | undefined;
    const strategy = strategyOf((self) => {
      act = () => self.fail('no');
    });
    const outcome = Promise.resolve(runStrategy(strategy, {}, attempt)).finally(ended);
    attempt.abort();
    await settle();
    expect(ended).not.toHaveBeenCalled();
    act?.();
    await expect(outcome).resolves.toEqual(failure('no'));
  });

  it('K6c: takes a promise that resolves after the attempt for the end of an interrupted strategy', async () => {
    const attempt = new ManualAttempt();
    const strategy = strategyOf(
      (_self, request) =>
        new Promise<void>((resolve) => {
          (request as { signal: AbortSignal }).signal.addEventListener('abort', () => resolve());
        }),
    );
    const outcome = runStrategy(strategy, { signal: attempt.signal }, attempt);
    attempt.abort();
    await expect(outcome).resolves.toEqual({ type: 'aborted' });
  });

  it('starts no strategy for an attempt that is over', async () => {
    const attempt = new ManualAttempt();
    attempt.abort();
    let started = false;
    const strategy = strategyOf((self) => {
      started = true;
      self.success({ id: 1 });
    });
    await expect(runStrategy(strategy, {}, attempt)).resolves.toEqual({ type: 'aborted' });
    expect(started).toBe(false);
  });

  it('hands over the request, and options that strategies read fields of', async () => {
    const request = { headers: {} };
    const seen: unknown[] = [];
    await runStrategy(
      {
        authenticate(this: Acting, ...args: unknown[]) {
          seen.push(...args);
          this.pass();
        },
      },
      request,
      new ManualAttempt(),
    );
    expect(seen).toEqual([request, {}]);
    expect(seen[0]).toBe(request);
  });

  it('keeps two runs of one strategy apart, and the strategy unchanged', async () => {
    const strategy = strategyOf((self, user) => setImmediate(() => self.success(user)));
    const keys = Object.keys(strategy);
    const outcomes = await Promise.all(
      [{ id: 1 }, { id: 2 }].map(async (user) => runStrategy(strategy, user, new ManualAttempt())),
    );
    expect(outcomes).toMatchObject([{ user: { id: 1 } }, { user: { id: 2 } }]);
    expect(Object.keys(strategy)).toEqual(keys);
  });

  it('runs a frozen strategy', async () => {
    const strategy = Object.freeze(strategyOf((self) => self.success({ id: 1 })));
    expect(await runStrategy(strategy, {}, new ManualAttempt())).toMatchObject({ type: 'success' });
  });

  it('lets the first action win, in every order and with every delay', async () => {
    const action = fc.constantFrom('success', 'fail', 'redirect', 'pass', 'error', 'throw');
    const delay = fc.constantFrom('now', 'microtask', 'immediate');
    const steps = fc.array(fc.tuple(action, delay), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const acted: Outcome['type'][] = [];
        const outcome = await run(async (self) => {
          for (const [name, pause] of sequence) {
            // oxlint-disable-next-line no-await-in-loop -- one action after the other
            await wait(pause);
            acted.push(name === 'throw' ? 'error' : name);
            actOn(self, name, acted.length);
          }
        });
        await settle();
        expect(outcome.type).toBe(acted[0]);
        expect(outcome.type === 'success' && outcome.user).toEqual(
          acted[0] === 'success' && { id: 1 },
        );
      }),
    );
  });
});

function wait(pause: string): Promise<void> | undefined {
  if (pause === 'now') {
    return undefined;
  }
  return pause === 'microtask' ? Promise.resolve() : settle();
}

function actOn(self: Acting, name: string, id: number): void {
  switch (name) {
    case 'success':
      self.success({ id });
      break;
    case 'fail':
      self.fail('no', 403);
      break;
    case 'redirect':
      self.redirect('/');
      break;
    case 'pass':
      self.pass();
      break;
    case 'error':
      self.error(down);
      break;
    default:
      throw down;
  }
}
