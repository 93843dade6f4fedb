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

type Case = readonly [name: string, act: (run: Acting) => unknown, outcome: Partial<Outcome>];

const broken: Outcome = { type: 'error', error: down };
const succeeded: Partial<Outcome> = { type: 'success', user: { id: 1 }, info: undefined };

const cases: readonly Case[] = [
  [
    'success(user, info)',
    (self) => self.success({ id: 1 }, { scope: 'a' }),
    { type: 'success', user: { id: 1 }, info: { scope: 'a' } },
  ],
  ...[undefined, null, false, 0, '', Number.NaN].map((user): Case => [
    `ST-12: success(${String(user)})`,
    (self) => self.success(user),
    { type: 'success', user, info: undefined },
  ]),
  ['fail()', (self) => self.fail(), failure()],
  ['fail(challenge)', (self) => self.fail('Bearer x'), failure('Bearer x')],
  ['fail(challenge, status)', (self) => self.fail('Bearer x', 403), failure('Bearer x', 403)],
  ['fail(status)', (self) => self.fail(400), failure(undefined, 400)],
  ["ST-15: fail('401')", (self) => self.fail('401'), failure('401')],
  [
    'ST-15: fail(challenge, [statuses])',
    (self) => self.fail(['a', 'b'], [401, 403]),
    failure(['a', 'b'], [401, 403]),
  ],
  [
    'ST-11: redirect(url)',
    (self) => self.redirect('https://evil.example', 302),
    { type: 'redirect' },
  ],
  ['ST-10: pass()', (self) => self.pass(), { type: 'pass' }],
  ['error(error)', (self) => self.error(down), broken],
  ['error() without an error', (self) => self.error(), { type: 'error', error: undefined }],
  [
    'a synchronous throw',
    () => {
      throw down;
    },
    broken,
  ],
  ['a rejection', () => Promise.reject(down), broken],
  [
    'a thenable that rejects synchronously',
    // oxlint-disable-next-line unicorn/no-thenable -- strange strategies are the point
    () => ({ then: (_resolve: unknown, reject: (error: Error) => void) => reject(down) }),
    broken,
  ],
  [
    'a thenable whose then throws',
    () => ({
      // oxlint-disable-next-line unicorn/no-thenable -- strange strategies are the point
      get then() {
        throw down;
      },
    }),
    broken,
  ],
  [
    'an action behind an await',
    async (self) => {
      await settle();
      self.success({ id: 1 });
    },
    succeeded,
  ],
  ['an action in a later turn', (self) => setImmediate(() => self.fail('late')), failure('late')],
  [
    'ST-07: success() twice with different users',
    (self) => {
      self.success({ id: 1 });
      self.success({ id: 2 });
    },
    succeeded,
  ],
  [
    'ST-08: fail() and then success()',
    (self) => {
      self.fail();
      self.success({ id: 1 });
    },
    failure(),
  ],
  [
    'ST-08: error() and then success()',
    (self) => {
      self.error(down);
      self.success({ id: 1 });
    },
    broken,
  ],
  [
    'ST-08: pass() and, later, success()',
    (self) => {
      self.pass();
      setImmediate(() => self.success({ id: 1 }));
    },
    { type: 'pass' },
  ],
  [
    'ST-08: success() and then fail()',
    (self) => {
      self.success({ id: 1 });
      self.fail();
    },
    succeeded,
  ],
  [
    'ST-20: success() and then a throw',
    (self) => {
      self.success({ id: 1 });
      throw down;
    },
    succeeded,
  ],
  [
    'ST-20: fail() and then a rejection',
    async (self) => {
      self.fail('no');
      await settle();
      throw down;
    },
    failure('no'),
  ],
];

describe('runStrategy', () => {
  it.each(cases)('ends %s in %j', async (_name, act, outcome) => {
    await expect(run(act)).resolves.toMatchObject(outcome);
    await settle();
  });

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
