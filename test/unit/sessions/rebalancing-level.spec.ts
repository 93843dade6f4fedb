import { describe, expect, it } from 'vitest';
import { Presence } from '../../../lib/cluster/presence.js';
import { Rebalancing } from '../../../lib/sessions/rebalancing.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import { patient } from '../../support/patience.js';
import { fc } from '../../support/property.js';
import { VirtualTime } from '../simulation/virtual-time.js';
import { FakeSession, NodeSessions } from './live-session-fakes.js';

/** What a balancer that prefers the emptiest node chooses from, and how its clients get there. */
class Cluster {
  readonly nodes: Node[];
  moves = 0;

  constructor(
    readonly time: VirtualTime,
    loads: readonly number[],
    /** Time in milliseconds that a client takes to connect elsewhere. */
    readonly transitMs: number,
  ) {
    const store = new MemoryWsAuthStore();
    this.nodes = loads.map((sessions, index) => new Node(this, store, String(index), sessions));
  }

  get counts(): number[] {
    return this.nodes.map(({ sessions }) => sessions.count());
  }

  /** A client has received the notice of a node. */
  move(): void {
    this.moves += 1;
    this.time.at(this.time.now + this.transitMs, () => {
      const [emptiest] = this.nodes.toSorted(
        (one, other) => one.sessions.count() - other.sessions.count(),
      );
      emptiest!.begin();
    });
  }
}

class Node {
  readonly sessions = new NodeSessions();
  readonly presence: Presence;
  readonly rebalancing: Rebalancing;
  constructor(
    private readonly cluster: Cluster,
    store: MemoryWsAuthStore,
    node: string,
    sessions: number,
  ) {
    const { live } = this.sessions;
    const options = { store, sessions: live, node, leaseMs: 45_000 };
    this.presence = new Presence({ ...options, isAccepting: () => true });
    this.presence.start();
    const drain = { hasBegun: false };
    this.rebalancing = new Rebalancing(live, { cluster: this.presence, drain });
    for (let index = 0; index < sessions; index += 1) {
      this.begin();
    }
  }

  begin(): FakeSession {
    const announced = () => this.cluster.move();
    class Moving extends FakeSession {
      override announceLeaving(): void {
        announced();
      }
    }
    return new Moving(this.sessions, undefined, {});
  }
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);

const areWithinATenth = (counts: readonly number[], more = 0) => {
  const average = sumOf(counts) / counts.length;
  return counts.every((count) => Math.abs(count - average) <= average / 10 + more);
};

const isLevel = (counts: readonly number[]) => areWithinATenth(counts);

/** Sessions that have to leave so that all nodes have the same number, unless they are within a tenth of it. */
const fewestMoves = (loads: readonly number[]) => {
  if (areWithinATenth(loads)) {
    return 0;
  }
  const floor = Math.floor(sumOf(loads) / loads.length);
  const left = sumOf(loads) % loads.length;
  return sumOf(
    loads
      .toSorted((one, other) => other - one)
      .map((load, index) => Math.max(0, load - floor - (index < left ? 1 : 0))),
  );
};

const situation = {
  loads: fc
    .array(fc.oneof(fc.nat(200), fc.constant(0), fc.integer({ min: 180, max: 200 })), {
      minLength: 2,
      maxLength: 9,
    })
    // With fewer, a tenth is not a whole session.
    .filter((loads) => sumOf(loads) >= 10 * loads.length),
  /** Time in milliseconds that a client takes to connect elsewhere. */
  transitMs: fc.integer({ min: 1, max: 900 }),
  batch: fc.constantFrom(undefined, 1, 7, 25),
} as const;

interface Pace {
  readonly overMs: number;
  readonly batch: number | undefined;
}

/** Has each node rebalance once, so many milliseconds after the call. */
async function rebalanceEach(cluster: Cluster, delaysMs: readonly number[], pace: Pace) {
  const { time } = cluster;
  const results: Promise<number>[] = [];
  for (const [index, { rebalancing }] of cluster.nodes.entries()) {
    const begin = () => results.push(rebalancing.run({ ...pace, tolerance: 0.1 }));
    time.at(time.now + delaysMs[index]!, begin);
  }
  await time.run(time.now + Math.max(...delaysMs) + pace.overMs + 20_000);
  return sumOf(await Promise.all(results));
}

/** Runs a situation on a clock of its own, with nodes that know each other. */
async function inCluster(
  { loads, transitMs }: { readonly loads: readonly number[]; readonly transitMs: number },
  body: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const time = new VirtualTime();
  time.install();
  try {
    const cluster = new Cluster(time, loads, transitMs);
    await time.run(1_000);
    await body(cluster);
  } finally {
    time.uninstall();
  }
}

/** Expensive, so fewer than of others. */
const settings = { numRuns: Math.min(200, Number(process.env['PROPERTY_RUNS'] ?? '50')) };

describe('a cluster of which each node rebalances once', { timeout: patient(60_000) }, () => {
  it('is level within a tenth, above and below, with the fewest moves, where all nodes are asked together', async () => {
    const situations = fc.record({ ...situation, overMs: fc.constantFrom(0, 200, 5_000, 60_000) });
    const property = fc.asyncProperty(situations, (each) =>
      inCluster(each, async (cluster) => {
        const together = each.loads.map(() => 0);
        const moved = await rebalanceEach(cluster, together, each);
        expect(cluster.counts).toSatisfy(isLevel);
        expect(cluster.moves).toBe(moved);
        expect(moved).toBeLessThanOrEqual(fewestMoves(each.loads));
        expect(await rebalanceEach(cluster, together, each)).toBe(0);
      }),
    );
    await fc.assert(property, settings);
  });

  it('is level as well where nodes are asked apart, but for sessions that are on their way, and moves few in vain', async () => {
    const situations = fc.record({
      ...situation,
      overMs: fc.constantFrom(5_000, 15_000, 60_000),
      delaysMs: fc.array(fc.nat(90_000), { minLength: 9, maxLength: 9 }),
    });
    const property = fc.asyncProperty(situations, (each) =>
      inCluster(each, async (cluster) => {
        const moved = await rebalanceEach(cluster, each.delaysMs, each);
        // Those that are on their way count on no node when another one plans.
        expect(cluster.counts).toSatisfy((counts: readonly number[]) => areWithinATenth(counts, 1));
        expect(moved).toBeLessThanOrEqual(1.1 * fewestMoves(each.loads) + each.loads.length);
        const together = each.loads.map(() => 0);
        await rebalanceEach(cluster, together, each);
        expect(cluster.counts).toSatisfy(isLevel);
        expect(await rebalanceEach(cluster, each.delaysMs, each)).toBe(0);
      }),
    );
    const inTransit = {
      loads: [28, 0, 21, 0],
      transitMs: 1,
      batch: undefined,
      overMs: 5_000 as const,
      delaysMs: [0, 0, 1_173, 0, 0, 0, 0, 0, 0],
    };
    await fc.assert(property, { ...settings, examples: [[inTransit]] });
  });
});
