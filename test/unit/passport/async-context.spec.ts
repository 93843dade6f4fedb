import { AsyncLocalStorage, type AsyncResource } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { expressRequest } from '../../../lib/passport/express-request.js';
import { redactionOf, redactRequest } from '../../../lib/credentials/redaction.js';
import { runStrategy } from '../../../lib/passport/run-strategy.js';
import { upgradeRequest } from '../support/requests.js';
import { ManualAttempt, runThrough, strategyOf, type Acting } from '../support/strategies.js';

const tenant = new AsyncLocalStorage<string>();

async function contextOf(act: (run: Acting) => unknown): Promise<string | undefined> {
  const outcome = await runStrategy(strategyOf(act), { user: { id: 1 } }, new ManualAttempt());
  const { context } = outcome as { readonly context: AsyncResource };
  return context.runInAsyncScope(() => tenant.getStore());
}

describe('the context of an outcome', () => {
  it.each<[string, (self: Acting) => unknown]>([
    ['success() within run()', (self) => tenant.run('blue', () => self.success({ id: 1 }))],
    ['pass() within run()', (self) => tenant.run('blue', () => self.pass())],
    [
      'success() long after run()',
      (self) => tenant.run('blue', () => setImmediate(() => self.success({ id: 1 }))),
    ],
    [
      'success() after enterWith()',
      async (self) => {
        await Promise.resolve();
        tenant.enterWith('blue');
        self.success({ id: 1 });
      },
    ],
  ])('is that of %s', async (_what, act) => {
    await expect(contextOf(act)).resolves.toBe('blue');
    expect(tenant.getStore()).toBeUndefined();
  });

  it('is that of the caller where the strategy sets none up', async () => {
    const found = tenant.run('red', () => contextOf((self) => self.success({ id: 1 })));
    await expect(found).resolves.toBe('red');
  });
});

describe('the context of middleware', () => {
  it.each<[string, (next: () => void) => unknown]>([
    ['run(store, next)', (next) => tenant.run('green', next)],
    [
      'enterWith(store)',
      (next) => {
        tenant.enterWith('green');
        next();
      },
    ],
    ['run(store, …) with a next() that comes later', (next) => later(next)],
  ])('set up by %s holds for what comes behind it', async (_what, act) => {
    const seen: unknown[] = [];
    const request = upgradeRequest('/ws', []);
    await new Promise<void>((resolve) => {
      setImmediate(async () => {
        await runThrough({
          middleware: [
            (_request, _response, next: () => void) => act(next),
            (_request, _response, next: () => void) => {
              seen.push(tenant.getStore());
              setImmediate(next);
            },
          ],
          request: expressRequest(request, redactRequest(request, redactionOf([]))),
          attempt: new ManualAttempt(),
          proceed: async () => {
            await Promise.resolve();
            seen.push(tenant.getStore());
          },
        });
        resolve();
      });
    });
    expect(seen).toEqual(['green', 'green']);
  });
});

function later(next: () => void): void {
  tenant.run('green', () => setImmediate(next));
}

async function inTenants<Result>(run: (name: string) => Promise<Result>): Promise<Result[]> {
  return Promise.all(['alice', 'bob', 'carol'].map((name) => tenant.run(name, () => run(name))));
}

function storeIn(context: AsyncResource): string | undefined {
  return context.runInAsyncScope(() => tenant.getStore());
}

describe('K10e: code that serves two connections and calls back for both', () => {
  type Call = () => void;

  /** Calls back for all, in the context of the last one. */
  class Batch {
    readonly #calls: Call[] = [];

    constructor(private readonly size: number) {}

    add(call: Call): void {
      this.#calls.push(call);
      if (this.#calls.length === this.size) {
        setImmediate(() => this.#calls.forEach((each) => each()));
      }
    }
  }

  it.each<[string, (self: Acting) => void]>([
    ['success()', (self) => self.success({ id: 1 })],
    ['pass()', (self) => self.pass()],
  ])('leaves each strategy its own context, for %s', async (_action, act) => {
    const batch = new Batch(3);
    const found = await inTenants(async () => {
      const strategy = strategyOf((self) => batch.add(() => act(self)));
      const outcome = await runStrategy(strategy, { user: {} }, new ManualAttempt());
      return storeIn((outcome as { readonly context: AsyncResource }).context);
    });
    expect(found).toEqual(['alice', 'bob', 'carol']);
  });

  it('gives a context that a strategy has set up to no other connection', async () => {
    const batch = new Batch(3);
    const found = await inTenants(async (name) => {
      const strategy = strategyOf((self) =>
        tenant.run(`set up for ${name}`, () => batch.add(() => self.success({ id: 1 }))),
      );
      const outcome = await runStrategy(strategy, {}, new ManualAttempt());
      return storeIn((outcome as { readonly context: AsyncResource }).context);
    });
    expect(found).toEqual(['alice', 'bob', 'set up for carol']);
  });

  it('leaves what comes behind each middleware its own context', async () => {
    const batch = new Batch(3);
    const request = upgradeRequest('/ws', []);
    const found = await inTenants((name) =>
      runThrough({
        middleware: [
          (_request, _response, next: () => void) => tenant.run(`tenant ${name}`, next),
          (_request, _response, next: () => void) => batch.add(next),
        ],
        request: expressRequest(request, redactRequest(request, redactionOf([]))),
        attempt: new ManualAttempt(),
        proceed: async () => {
          await Promise.resolve();
          return tenant.getStore();
        },
      }),
    );
    expect(found).toEqual(['tenant alice', 'tenant bob', 'tenant carol']);
  });
});
