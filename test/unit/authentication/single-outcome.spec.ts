import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { AuthenticatorHarness } from '../support/authentication.js';
import { strategyOf, type Acting } from '../support/strategies.js';
import { settle } from '../../support/turns.js';

type Action =
  | { readonly type: 'success'; readonly user: unknown }
  | { readonly type: 'fail'; readonly challenge: unknown; readonly status: unknown }
  | { readonly type: 'redirect' | 'pass' | 'error' | 'throw' };

interface Step {
  readonly action: Action;
  readonly delay: 'now' | 'microtask' | 'immediate';
}

const user = fc.oneof(
  fc.record({ id: fc.uuid() }),
  fc.constantFrom<unknown>(undefined, null, false, 0, '', Number.NaN, 'alice', true, 7n),
);
const step: fc.Arbitrary<Step> = fc.record({
  delay: fc.constantFrom('now', 'microtask', 'immediate'),
  action: fc.oneof(
    fc.record({ type: fc.constant('success' as const), user }),
    fc.record({
      type: fc.constant('fail' as const),
      challenge: fc.oneof(fc.string(), fc.anything()),
      status: fc.constantFrom<unknown>(undefined, 400, 401, 403, 999, 200, '401', Number.NaN),
    }),
    fc.record({ type: fc.constantFrom('redirect', 'pass', 'error', 'throw') }),
  ),
});
const chain = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 3,
});

function act(self: Acting, action: Action): void {
  switch (action.type) {
    case 'success':
      self.success(action.user);
      break;
    case 'fail':
      self.fail(action.challenge, action.status);
      break;
    case 'redirect':
      self.redirect('/');
      break;
    case 'pass':
      self.pass();
      break;
    case 'error':
      self.error(new Error('reported'));
      break;
    case 'throw':
      throw new Error('thrown');
  }
}

async function wait(delay: Step['delay']): Promise<void> {
  await (delay === 'immediate' ? settle() : undefined);
}

/** Acts now, or in order behind its delays, and goes on acting long after its outcome. */
function scripted(steps: readonly Step[]) {
  return strategyOf((self) => {
    const synchronous = steps.findIndex(({ delay }) => delay !== 'now');
    const now = synchronous === -1 ? steps : steps.slice(0, synchronous);
    now.forEach(({ action }) => act(self, action));
    return synchronous === -1 ? undefined : later(self, steps.slice(synchronous));
  });
}

async function later(self: Acting, steps: readonly Step[]): Promise<void> {
  for (const { action, delay } of steps) {
    // oxlint-disable-next-line no-await-in-loop -- one action after the other
    await wait(delay);
    act(self, action);
  }
}

/** What must come of it: only the first action of each strategy counts. */
function expectedUser(strategies: readonly (readonly Step[])[]): object | undefined {
  for (const [first] of strategies) {
    const action = first?.action;
    if (action?.type === 'error' || action?.type === 'throw') {
      return undefined;
    }
    if (action?.type === 'success' && typeof action.user === 'object' && action.user !== null) {
      return action.user;
    }
  }
  return undefined;
}

describe('the authenticator', () => {
  it('ST-07, ST-08, ST-12: decides once, for a session only if the first action of a strategy is a success with a user', async () => {
    await fc.assert(
      fc.asyncProperty(chain, async (strategies) => {
        const harness = new AuthenticatorHarness(
          Object.fromEntries(strategies.map((steps, index) => [`s${index}`, scripted(steps)])),
        );
        const decisions: unknown[] = [];
        const deciding = harness
          .decide('/', [['Authorization', 'Bearer x']])
          .then((decision) => decisions.push(decision));
        await deciding;
        await settle();
        const [decision] = decisions;
        const expected = expectedUser(strategies);
        expect(decisions).toHaveLength(1);
        if (expected) {
          expect(decision).toMatchObject({ session: { user: expected, anonymous: false } });
        } else {
          expect(decision).toBeInstanceOf(Refusal);
          expect((decision as Refusal).httpStatus).toBeGreaterThanOrEqual(400);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('ST-01, ST-06: opens no session for an attempt that ended before its first success', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        const silentFirst = [{ ...steps[0], delay: 'immediate' } as Step, ...steps.slice(1)];
        const harness = new AuthenticatorHarness({ late: scripted(silentFirst) });
        const attempt = harness.attempt();
        const subject = harness.subjectOf('/', [['Authorization', 'Bearer x']]);
        const deciding = harness.authenticator.decide(subject, attempt);
        attempt.abort(new Refusal('ERR_WS_AUTH_SHUTTING_DOWN'));
        await expect(deciding).resolves.toBeInstanceOf(Refusal);
        await settle();
      }),
      { numRuns: 100 },
    );
  });
});
