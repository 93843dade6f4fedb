import { areLevel, shareOf } from '../cluster/node-loads.js';
import type { NodeLoad } from '../cluster/presence-record.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { describe } from '../policy/check-option.js';
import { demandKnownOptions } from '../policy/check-options.js';
import type { ClusterSessions } from './cluster-sessions.js';
import { leaveInSteps, longestNoticeMs, waitUntil, type LeavingPace } from './leave-in-steps.js';
import type { LiveSession } from './live-session.js';
import type { LiveSessions } from './live-sessions.js';
import { checkDrain, type DrainOptions, type SessionDrain } from './session-drain.js';

/**
 * Options of `sessions.rebalance()`: how fast a process gives sessions away, and when.
 *
 * @example
 * ```ts
 * const options: RebalanceOptions = { overMs: 30_000, batch: 50, tolerance: 0.2 };
 * ```
 */
export interface RebalanceOptions extends DrainOptions {
  /**
   * Share of the average by which a node may be above or below it, from 0 to 1: while all nodes are within it, no session leaves.
   *
   * @default 0.1
   */
  readonly tolerance?: number;
}

const optionNames = {
  overMs: true,
  batch: true,
  tolerance: true,
} satisfies Record<keyof RebalanceOptions, true>;

/** Options that were checked. */
interface CheckedRebalance extends LeavingPace {
  readonly tolerance: number;
}

/** @throws {WsAuthConfigurationError} for an option that is unknown or out of bounds. */
export function checkRebalance(options: RebalanceOptions): CheckedRebalance {
  demandKnownOptions(optionNames, options, 'options');
  const { tolerance = 0.1, ...pace } = options;
  const isNumber = typeof (tolerance as unknown) === 'number';
  if (!isNumber || !(tolerance >= 0 && tolerance <= 1)) {
    throw new WsAuthConfigurationError(
      `tolerance: expected a number from 0 to 1, got ${describe(tolerance)}`,
    );
  }
  return { ...checkDrain(pace), tolerance };
}

/**
 * What a rebalancing needs of this node.
 *
 * @internal
 */
export interface RebalancingServices {
  readonly cluster: Pick<ClusterSessions, 'node' | 'otherLoads'>;
  readonly drain: Pick<SessionDrain, 'hasBegun'>;
}

/**
 * Gives away the sessions that this node has above its share, where any node is too far from the average. How many may leave is
 * decided once at the beginning, and again before each step by what the nodes publish then; the smaller number counts.
 *
 * @internal
 */
export class Rebalancing {
  #running: Promise<number> | undefined;

  constructor(
    private readonly live: LiveSessions,
    private readonly services: RebalancingServices,
  ) {}

  /** Resolves to the number of sessions that have left. A call meanwhile resolves together with the first one. */
  run(options: CheckedRebalance): Promise<number> {
    this.#running ??= this.#run(options).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run({ tolerance, ...pace }: CheckedRebalance): Promise<number> {
    const { live, services } = this;
    const others = await services.cluster.otherLoads();
    const own = ownLoad(live, services);
    if (areLevel([own, ...others], tolerance)) {
      return 0;
    }
    const departure = new Departure(live, services);
    const oldest = live.all().slice(0, Math.max(0, own.sessions - shareOf(own, others)));
    await leaveInSteps(live, oldest, pace, (batch) => departure.permit(batch));
    await waitUntil(performance.now() + longestNoticeMs, () => departure.present === 0);
    return departure.result();
  }
}

/** The sessions that one rebalancing has sent away. */
class Departure {
  readonly #leaving: LiveSession[] = [];
  #failure: { readonly cause: unknown } | undefined;

  constructor(
    private readonly live: LiveSessions,
    private readonly services: RebalancingServices,
  ) {}

  /** Number of those that have yet to end. */
  get present(): number {
    return this.#leaving.filter(({ session }) => this.live.with(session.id)).length;
  }

  /** Those of a batch that may leave. A store that does not answer permits none: the last loads may be far from true. */
  async permit(batch: readonly LiveSession[]): Promise<readonly LiveSession[]> {
    const excess = await this.#excess();
    const present = batch.filter(({ session }) => this.live.with(session.id));
    const permitted = present.slice(0, Math.max(0, excess));
    this.#leaving.push(...permitted);
    return permitted;
  }

  /** @throws what the store has thrown. */
  result(): number {
    if (this.#failure) {
      throw this.#failure.cause;
    }
    return this.#leaving.length;
  }

  /**
   * Sessions above the share of this node. One that is leaving counts on no node until its client has come to another one. Until then
   * the share looks too low by its part, so what was planned at the beginning is the limit.
   */
  async #excess(): Promise<number> {
    const { live, services } = this;
    try {
      const others = this.#failure ? [] : await services.cluster.otherLoads();
      const own = ownLoad(live, services);
      return services.drain.hasBegun ? 0 : own.sessions - shareOf(own, others);
    } catch (cause) {
      this.#failure = { cause };
      return 0;
    }
  }
}

/** What the others see of this node, without the delay. */
function ownLoad(live: LiveSessions, { cluster }: RebalancingServices): NodeLoad {
  return { node: cluster.node, sessions: live.staying, isAccepting: true };
}
