import type { NodeLoad } from '../cluster/presence-record.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { describe } from '../policy/check-option.js';
import { demandKnownOptions } from '../policy/check-options.js';
import type { ClusterSessions } from './cluster-sessions.js';
import { leaveInSteps, longestNoticeMs, waitUntil } from './leave-in-steps.js';
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
   * Share above the average of the nodes that does not matter, from 0 to 1: a node within it keeps its sessions.
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

/** @throws {WsAuthConfigurationError} for an option that is unknown or out of bounds. */
export function checkRebalance(options: RebalanceOptions): Required<RebalanceOptions> {
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
  readonly cluster: Pick<ClusterSessions, 'otherLoads'>;
  readonly drain: Pick<SessionDrain, 'hasBegun'>;
}

/**
 * Gives away the sessions that this node has above the average of all nodes. How many may leave is decided once at the beginning,
 * and again before each step by what the nodes publish then; the smaller number counts.
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
  run(options: Required<RebalanceOptions>): Promise<number> {
    this.#running ??= this.#run(options).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run({ tolerance, ...pace }: Required<RebalanceOptions>): Promise<number> {
    const { live, services } = this;
    const average = averageOf(live.staying, await services.cluster.otherLoads());
    if (live.staying <= average * (1 + tolerance)) {
      return 0;
    }
    const departure = new Departure(live, services);
    const oldest = [...live.all()].slice(0, live.staying - average);
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
   * Sessions above the average. One that is leaving counts on this node no more, and on another one as soon as its client has come
   * there. Until then the average looks too low by its share, so what was planned at the beginning is the limit.
   */
  async #excess(): Promise<number> {
    const { live, services } = this;
    try {
      const loads = this.#failure ? [] : await services.cluster.otherLoads();
      const { staying } = live;
      return services.drain.hasBegun ? 0 : staying - averageOf(staying, loads);
    } catch (cause) {
      this.#failure = { cause };
      return 0;
    }
  }
}

/** Sessions that each node would have if all had the same number. A node that shuts down gives its own to the others. */
function averageOf(own: number, others: readonly NodeLoad[]): number {
  const total = others.reduce((sum, { sessions }) => sum + sessions, own);
  const nodes = 1 + others.filter(({ isAccepting }) => isAccepting).length;
  return Math.ceil(total / nodes);
}
