import { checkInteger, maxTimerMs } from '../policy/check-option.js';
import { demandKnownOptions } from '../policy/check-options.js';
import { leaveInSteps, longestNoticeMs, waitUntil, type LeavingPace } from './leave-in-steps.js';
import type { LiveSession } from './live-session.js';
import type { LiveSessions } from './live-sessions.js';

/**
 * Options of `sessions.drain()`: how fast a process ends its sessions.
 *
 * @example
 * ```ts
 * const options: DrainOptions = { overMs: 30_000, batch: 200 };
 * ```
 */
export interface DrainOptions {
  /** Time in milliseconds until the last session has ended; 0 ends all of them now. */
  readonly overMs: number;
  /**
   * Sessions that are announced, and then end, in one step; at least 1.
   *
   * @default as few as a step every 250 ms allows, 100 at most: so the other nodes receive the clients evenly
   */
  readonly batch?: number;
}

const drainOptions = { overMs: true, batch: true } satisfies Record<keyof DrainOptions, true>;

/** @throws {WsAuthConfigurationError} for an option that is unknown or out of bounds. */
export function checkDrain(options: DrainOptions): LeavingPace {
  demandKnownOptions(drainOptions, options, 'options');
  return {
    overMs: checkInteger('overMs', options.overMs, { min: 0, max: maxTimerMs }),
    batch:
      options.batch === undefined ? undefined : checkInteger('batch', options.batch, { min: 1 }),
  };
}

/**
 * Empties this node before it shuts down: no new client is accepted, and the sessions end in steps that are spread over a time,
 * each some time after its client received the notice. So the other nodes receive the clients one after the other.
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
  run(pace: LeavingPace): Promise<number> {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.onBegin();
    }
    this.#running ??= this.#run(pace).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(pace: LeavingPace): Promise<number> {
    const endsAt = performance.now() + pace.overMs;
    const isEmpty = () => this.live.size === 0;
    const sessions = new Set(this.live.all());
    await leaveInSteps(this.live, [...sessions], pace);
    await waitUntil(endsAt, isEmpty);
    // Those that were being authenticated when the drain began. More of them may begin while these end.
    await waitUntil(performance.now() + longestNoticeMs, () => {
      this.#leaveBut(sessions);
      return isEmpty();
    });
    return sessions.size;
  }

  /** Ends the sessions that are not among those that were asked to leave, and adds them. */
  #leaveBut(asked: Set<LiveSession>): void {
    for (const each of this.live.all()) {
      if (!asked.has(each)) {
        asked.add(each);
        each.leave();
      }
    }
  }
}
