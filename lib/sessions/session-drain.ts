import { setTimeout as delay } from 'node:timers/promises';
import { checkInteger, maxTimerMs } from '../policy/check-option.js';
import { demandKnownOptions } from '../policy/check-options.js';
import type { LiveSession } from './live-session.js';
import type { LiveSessions } from './live-sessions.js';

/** How fast a process is emptied. */
export interface DrainOptions {
  /** Time in milliseconds until the last session has ended; 0 ends all of them now. */
  readonly overMs: number;
  /**
   * Sessions that are announced, and then end, in one step; at least 1.
   *
   * @default 100
   */
  readonly batch?: number;
}

/** The same, every default in place. */
type DrainPace = Required<DrainOptions>;

const drainOptions = { overMs: true, batch: true } satisfies Record<keyof DrainOptions, true>;

/** @throws {WsAuthConfigurationError} for an option that is unknown or out of bounds. */
export function checkDrain(options: DrainOptions): DrainPace {
  demandKnownOptions(drainOptions, options, 'options');
  return {
    overMs: checkInteger('overMs', options.overMs, { min: 0, max: maxTimerMs }),
    batch: checkInteger('batch', options.batch ?? 100, { min: 1 }),
  };
}

/** Longest time in milliseconds between the notice to a client and the end of its session: it connects elsewhere meanwhile. */
const longestNoticeMs = 5_000;

/** Time in milliseconds after which a drain looks again whether the clients have left by themselves. */
const lookAgainMs = 100;

/** Something that a drain does, in milliseconds from its beginning. */
interface Step {
  readonly at: number;
  readonly run: () => void;
}

/**
 * Empties this node before it shuts down: no new client is accepted, and the sessions end in steps that are spread over a time,
 * each some time after its client was told. So the other nodes receive the clients one after the other.
 */
export class SessionDrain {
  #hasBegun = false;
  #running: Promise<number> | undefined;

  /** @param onBegin called first, so that balancers send new clients elsewhere */
  constructor(
    private readonly live: LiveSessions,
    private readonly onBegin: () => void,
  ) {}

  /** Whether new clients are refused: for good, since a node drains to shut down. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * Ends all sessions, and resolves to their number. A call while the node drains resolves together with the first one.
   */
  run(pace: DrainPace): Promise<number> {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.onBegin();
    }
    this.#running ??= this.#run(pace).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run({ overMs, batch }: DrainPace): Promise<number> {
    const beganAt = performance.now();
    const sessions = new Set(this.live.all());
    for (const { at, run } of stepsOf([...sessions], { overMs, batch })) {
      await this.#untilEmpty(beganAt + at);
      run();
    }
    await this.#untilEmpty(beganAt + overMs);
    // Those that were being authenticated when the drain began.
    const late = [...this.live.all()].filter((each) => !sessions.has(each));
    late.forEach((each) => each.leave());
    await this.#untilEmpty(performance.now() + longestNoticeMs);
    return sessions.size + late.length;
  }

  /** Waits for an instant in monotonic milliseconds, or until the last session has ended. */
  async #untilEmpty(instant: number): Promise<void> {
    for (;;) {
      const leftMs = instant - performance.now();
      if (leftMs <= 0 || this.live.size === 0) {
        return;
      }
      await delay(Math.min(leftMs, lookAgainMs));
    }
  }
}

/** The notice to each batch, and its end. The last batch ends when the time is over. */
function stepsOf(sessions: readonly LiveSession[], { overMs, batch }: DrainPace): readonly Step[] {
  const noticeMs = Math.min(longestNoticeMs, overMs / 2);
  const count = Math.ceil(sessions.length / batch);
  const spreadMs = (overMs - noticeMs) / Math.max(1, count - 1);
  const steps = Array.from({ length: count }, (_, index) => {
    const of = sessions.slice(index * batch, (index + 1) * batch);
    const at = index * spreadMs;
    return [
      { at, run: () => of.forEach((each) => each.announceLeaving(noticeMs)) },
      { at: at + noticeMs, run: () => of.forEach((each) => each.leave()) },
    ];
  });
  return steps.flat().toSorted((one, other) => one.at - other.at);
}
