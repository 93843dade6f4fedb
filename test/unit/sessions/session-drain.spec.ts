import { describe, expect, it } from 'vitest';
import { checkDrain, SessionDrain } from '../../../lib/sessions/session-drain.js';
import { VirtualTime } from '../simulation/virtual-time.js';
import { closeSlowly, FakeSession, NodeSessions } from './live-session-fakes.js';

/** Sessions that write down what happens to them, in order. */
class Log extends NodeSessions {
  readonly lines: string[] = [];

  begin(name: string): FakeSession {
    const { lines } = this;
    class Noted extends FakeSession {
      override announceLeaving(closesInMs: number): void {
        lines.push(`${name} in ${closesInMs}`);
      }

      override leave(): void {
        lines.push(`${name} ends`);
        super.leave();
      }
    }
    return new Noted(this, name, {});
  }
}

/** Most of some instants, in order, within a time. */
function peakOf(instants: readonly number[], withinMs: number): number {
  let first = 0;
  return instants.reduce((peak, at, index) => {
    while (instants[first]! <= at - withinMs) {
      first += 1;
    }
    return Math.max(peak, index - first + 1);
  }, 0);
}

function drainOf(log: Log): SessionDrain {
  return new SessionDrain(log.live, () => log.lines.push('begins'));
}

describe('a drain', () => {
  it('ends batch after batch, each some time after its notice, and no session without one', async () => {
    const log = new Log();
    ['a', 'b', 'c', 'd', 'e'].forEach((name) => log.begin(name));
    const ended = await drainOf(log).run({ overMs: 60, batch: 2 });
    expect(ended).toBe(5);
    const notices = ['a in 30', 'b in 30', 'c in 30', 'd in 30', 'e in 30'];
    expect(log.lines.filter((line) => line.includes(' in '))).toEqual(notices);
    const ends = ['a ends', 'b ends', 'c ends', 'd ends', 'e ends'];
    expect(log.lines.filter((line) => line.endsWith('ends'))).toEqual(ends);
    expect(log.lines[0]).toBe('begins');
    for (const [index, notice] of notices.entries()) {
      expect(log.lines.indexOf(notice)).toBeLessThan(log.lines.indexOf(ends[index]!));
    }
  });

  it.each([
    [1_500, 30_000],
    [20_000, 60_000],
    [100, 60_000],
    [3, 6_000],
  ])(
    'of %i sessions over %i ms without a batch sends clients away evenly',
    async (size, overMs) => {
      const time = new VirtualTime();
      time.install();
      try {
        const log = new NodeSessions();
        const noticesAt: number[] = [];
        class Noted extends FakeSession {
          override announceLeaving(): void {
            noticesAt.push(time.now);
          }
        }
        Array.from({ length: size }, (_, index) => new Noted(log, `user ${index}`, {}));
        const running = new SessionDrain(log.live, () => undefined).run(checkDrain({ overMs }));
        await time.run(overMs);
        expect(await running).toBe(size);
        // A step more than the rate, since a window of a second may begin and end with one.
        const perMs = size / (overMs - Math.min(5_000, overMs / 2));
        expect(peakOf(noticesAt, 1_000)).toBeLessThanOrEqual(Math.ceil(1_250 * perMs) + 4);
      } finally {
        time.uninstall();
      }
    },
  );

  it('makes up for a process that was busy evenly, and not by a burst', async () => {
    const time = new VirtualTime();
    time.install();
    try {
      const log = new NodeSessions();
      const noticesAt: number[] = [];
      class Busy extends FakeSession {
        override announceLeaving(): void {
          noticesAt.push(time.now);
          // Ten seconds in which nothing else runs.
          time.now += noticesAt.length === 100 ? 10_000 : 0;
        }
      }
      Array.from({ length: 1_000 }, (_, index) => new Busy(log, `user ${index}`, {}));
      const running = new SessionDrain(log.live, () => undefined).run(
        checkDrain({ overMs: 55_000 }),
      );
      await time.run(60_000);
      expect(await running).toBe(1_000);
      // 20 a second, and 25 for the rest of the time.
      expect(peakOf(noticesAt, 1_000)).toBeLessThanOrEqual(40);
      expect(noticesAt.at(-1)).toBeLessThanOrEqual(50_100);
    } finally {
      time.uninstall();
    }
  });

  it('gives a client five seconds at most', () => {
    const log = new Log();
    log.begin('a');
    void drainOf(log).run({ overMs: 60_000, batch: 1 });
    return expect
      .poll(() => log.lines, { interval: 1 })
      .toEqual(['begins', 'a in 5000'])
      .then(() => [...log.live.all()].forEach((live) => live.leave()));
  });

  it('ends sessions that began meanwhile last, without a notice, once all of its time is over', async () => {
    const log = new Log();
    const early = log.begin('a');
    const running = drainOf(log).run({ overMs: 1_000, batch: 1 });
    log.begin('late');
    const leave = early.leave.bind(early);
    early.leave = () => {
      leave();
      setImmediate(() => log.begin('later'));
    };
    expect(await running).toBe(3);
    expect(log.lines).toEqual(['begins', 'a in 500', 'a ends', 'late ends', 'later ends']);
  });

  it('K6e: ends those as well that begin while the last ones end, and does not wait for them', async () => {
    const log = new Log();
    const late = log.begin('a');
    const running = drainOf(log).run({ overMs: 0, batch: 1 });
    const begin = (name: string, more: readonly string[]) => {
      const session = log.begin(name);
      const leave = session.leave.bind(session);
      session.leave = () => {
        const [next, ...others] = more;
        if (next) {
          begin(next, others);
        }
        leave();
      };
    };
    begin('b', ['c', 'd']);
    late.leave();
    expect(await running).toBe(4);
    expect(log.lines.filter((line) => line.endsWith('ends'))).toEqual(
      expect.arrayContaining(['b ends', 'c ends', 'd ends']),
    );
  });

  it('counts a session on this node no more from its notice on, since its client is elsewhere', async () => {
    const log = new Log();
    const session = log.begin('a');
    const running = drainOf(log).run({ overMs: 60_000, batch: 1 });
    await expect.poll(() => log.lines, { interval: 1 }).toContain('a in 5000');
    expect([log.live.size, log.live.staying]).toEqual([1, 0]);
    session.end({ why: 'disconnected' });
    expect(await running).toBe(1);
  });

  it('resolves once the sessions have ended, which a close handshake may delay', async () => {
    const log = new Log();
    log.begin('a');
    closeSlowly(log.live);
    expect(await drainOf(log).run({ overMs: 0, batch: 1 })).toBe(1);
    expect(log.live.size).toBe(0);
  });

  it('waits no longer than its clients stay', async () => {
    const log = new Log();
    const session = log.begin('a');
    const running = drainOf(log).run({ overMs: 2 ** 31 - 1, batch: 1 });
    session.end({ why: 'disconnected' });
    expect(await running).toBe(1);
  });

  it('of an empty node, or over no time, ends immediately', async () => {
    expect(await drainOf(new Log()).run({ overMs: 2 ** 31 - 1, batch: 1 })).toBe(0);
    const log = new Log();
    log.begin('a');
    log.begin('b');
    await drainOf(log).run({ overMs: 0, batch: 1 });
    expect(log.lines).toEqual(['begins', 'a in 0', 'a ends', 'b in 0', 'b ends']);
  });

  it('that is asked for twice is one, and cannot be undone', async () => {
    const log = new Log();
    log.begin('a');
    const drain = drainOf(log);
    expect(drain.hasBegun).toBe(false);
    const both = await Promise.all([
      drain.run({ overMs: 20, batch: 1 }),
      drain.run({ overMs: 2 ** 31 - 1, batch: 1 }),
    ]);
    expect(both).toEqual([1, 1]);
    expect(await drain.run({ overMs: 20, batch: 1 })).toBe(0);
    expect(drain.hasBegun).toBe(true);
    expect(log.lines.filter((line) => line === 'begins')).toHaveLength(1);
  });

  it.each([
    [{}, /overMs/],
    [{ overMs: -1 }, /overMs/],
    [{ overMs: 2 ** 31 }, /overMs/],
    [{ overMs: 1, batch: 0 }, /batch/],
    [{ overMs: 1, batches: 1 }, /batches/],
  ])('refuses %j', (options, message) => {
    expect(() => checkDrain(options as never)).toThrow(message);
    expect(checkDrain({ overMs: 1 })).toEqual({ overMs: 1, batch: undefined });
  });
});
