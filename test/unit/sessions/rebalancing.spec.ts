import { afterEach, describe, expect, it, vi } from 'vitest';
import { Deferred } from '../../../lib/client/deferred.js';
import { Presence } from '../../../lib/cluster/presence.js';
import { parseLoad, type NodeLoad } from '../../../lib/cluster/presence-record.js';
import { WsAuthStoreError } from '../../../lib/errors/ws-auth-store.error.js';
import { ClusterSessions } from '../../../lib/sessions/cluster-sessions.js';
import { checkRebalance, Rebalancing } from '../../../lib/sessions/rebalancing.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';
import { closeSlowly, FakeSession, NodeSessions } from './live-session-fakes.js';

/** A node whose sessions write down what happens to them, and what it reads of the other nodes. */
class Node extends NodeSessions {
  readonly lines: string[] = [];
  readonly draining = { hasBegun: false };
  /** Loads of the others at each reading; the last ones stay. */
  loads: (readonly NodeLoad[] | Promise<readonly NodeLoad[]> | Error)[] = [];
  readings = 0;

  constructor(sessions: number, ...others: number[]) {
    super();
    for (let index = 1; index <= sessions; index += 1) {
      this.begin(String(index));
    }
    this.loads = [others.map((each, index) => accepting(each, `node ${index}`))];
  }

  begin(name: string): FakeSession {
    const { lines } = this;
    class Noted extends FakeSession {
      override announceLeaving(closesInMs: number): void {
        lines.push(`${name} in ${closesInMs}`);
        super.announceLeaving(closesInMs);
      }

      override leave(): void {
        lines.push(`${name} ends`);
        super.leave();
      }
    }
    return new Noted(this, name, {});
  }

  readonly rebalancing = new Rebalancing(this.live, {
    drain: this.draining,
    cluster: {
      node: 'own',
      otherLoads: () => {
        const loads = this.loads[Math.min(this.readings, this.loads.length - 1)]!;
        this.readings += 1;
        return loads instanceof Error ? Promise.reject(loads) : Promise.resolve(loads);
      },
    },
  });

  run(options: Partial<Parameters<typeof checkRebalance>[0]> = {}): Promise<number> {
    return this.rebalancing.run(checkRebalance({ overMs: 20, batch: 1, ...options }));
  }
}

const accepting = (sessions: number, node = 'a'): NodeLoad => ({
  node,
  sessions,
  isAccepting: true,
});

describe('rebalancing', () => {
  it.each([
    { own: 6, others: [0], leave: 3, because: 'half of them fit on an empty node' },
    { own: 6, others: [6, 0], leave: 2, because: 'the other full node gives its own away' },
    { own: 6, others: [6, 6], leave: 0, because: 'the nodes are level' },
    { own: 0, others: [9, 9], leave: 0, because: 'it has none' },
    { own: 4, others: [9], leave: 0, because: 'it is below the average' },
    { own: 6, others: [], leave: 0, because: 'it is alone' },
    { own: 2, others: [1], leave: 0, because: 'to move one would only swap the nodes' },
    { own: 1, others: [0, 0], leave: 0, because: 'one session cannot be divided' },
    { own: 7, others: [6, 6], leave: 0, because: 'one is left of the division' },
    {
      own: 11,
      others: [10, 10, 10, 0],
      leave: 2,
      because: 'the fullest keeps what is left of the division',
    },
    { own: 5, others: [5, 4, 0], leave: 1, because: 'the first by name keeps it among equals' },
    { own: 109, others: [109, 82], leave: 9, because: 'another node is too far below' },
    {
      own: 101,
      others: [...Array<number>(99).fill(101), 1],
      leave: 1,
      because: 'one of many nodes is empty',
    },
    { own: 22, others: [20, 19], leave: 0, because: 'it is within the tolerance' },
    { own: 24, others: [18, 18], leave: 4, because: 'it is beyond the tolerance' },
  ])('of $own sessions beside $others ends $leave: $because', async ({ own, others, leave }) => {
    const node = new Node(own, ...others);
    expect(await node.run()).toBe(leave);
    expect(node.count()).toBe(own - leave);
    expect(node.lines.filter((line) => line.endsWith('ends'))).toHaveLength(leave);
  });

  it('announces the oldest first, and ends each some time after its notice', async () => {
    const node = new Node(6, 0);
    expect(await node.run({ overMs: 60, batch: 2 })).toBe(3);
    expect(node.lines.filter((line) => line.includes('in'))).toEqual([
      '1 in 30',
      '2 in 30',
      '3 in 30',
    ]);
    expect(node.lines.slice(-1)).toEqual(['3 ends']);
  });

  it('leaves a node that shuts down out, and counts what it gives to the others', async () => {
    const node = new Node(8);
    node.loads = [[accepting(0), { node: 'b', sessions: 4, isAccepting: false }]];
    expect(await node.run()).toBe(2);
  });

  it('stops as soon as the node is level, since sessions end and begin elsewhere as well', async () => {
    const node = new Node(6);
    node.loads = [[accepting(0)], [accepting(0)], [accepting(5)]];
    expect(await node.run()).toBe(1);
    expect(node.count()).toBe(5);
  });

  it('counts clients once that have entered elsewhere and whose former sessions have yet to end', async () => {
    const node = new Node(6);
    node.loads = [0, 0, 1, 2, 3].map((each) => [accepting(each)]);
    expect(await node.run({ overMs: 60 })).toBe(3);
  });

  it('ends no more sessions than it has planned, however empty another node gets meanwhile', async () => {
    const node = new Node(6);
    node.loads = [[accepting(4)], [accepting(0)]];
    expect(await node.run({ tolerance: 0 })).toBe(1);
  });

  it('passes over a session that has ended since it was planned', async () => {
    const node = new Node(6, 2);
    const slow = new Deferred<readonly NodeLoad[]>();
    node.loads = [[accepting(2)], slow.promise];
    const running = node.run();
    await expect.poll(() => node.readings, { interval: 1 }).toBe(2);
    node.disconnect({ userId: '1' });
    slow.resolve([accepting(2)]);
    expect(await running).toBe(1);
    expect(node.lines).toEqual(['2 in 10', '2 ends']);
  });

  it('counts a session that is leaving on this node no more, since its client is elsewhere', async () => {
    const node = new Node(6);
    node.loads = [0, 0, 1, 4].map((each) => [accepting(each)]);
    expect(await node.run({ overMs: 200 })).toBe(2);
  });

  it('resolves once the sessions that leave have ended, which a close handshake may delay', async () => {
    const node = new Node(6, 0);
    closeSlowly(node.live);
    expect(await node.run()).toBe(3);
    expect(node.count()).toBe(3);
  });

  it('announces nothing more once the store does not answer, ends what was announced, and rejects', async () => {
    const node = new Node(6, 0);
    const cause = new WsAuthStoreError('gone');
    node.loads = [[accepting(0)], [accepting(0)], cause, [accepting(0)]];
    await expect(node.run()).rejects.toBe(cause);
    expect(node.lines).toEqual(['1 in 10', '1 ends']);
    expect(node.readings).toBe(3);
  });

  it('ends a session after its notice whatever a slow store makes the next steps wait for', async () => {
    const node = new Node(6, 0);
    const slow = new Deferred<readonly NodeLoad[]>();
    node.loads = [[accepting(0)], [accepting(0)], slow.promise];
    const running = node.run();
    await expect.poll(() => node.lines, { interval: 1 }).toEqual(['1 in 10', '1 ends']);
    slow.resolve([accepting(1)]);
    expect(await running).toBe(3);
  });

  it('announces nothing more once the node drains, and ends what was announced', async () => {
    const node = new Node(6, 0);
    const running = node.run();
    await expect.poll(() => node.lines, { interval: 1 }).not.toEqual([]);
    node.draining.hasBegun = true;
    const announced = node.lines.filter((line) => line.includes('in'));
    await running;
    expect(node.lines.filter((line) => line.endsWith('ends'))).toHaveLength(announced.length);
  });

  it('that is asked for twice is one, and can be asked for again', async () => {
    const node = new Node(6, 0);
    expect(await Promise.all([node.run(), node.run()])).toEqual([3, 3]);
    expect(await node.run()).toBe(1);
  });

  it.each([
    [{}, /overMs/],
    [{ overMs: -1 }, /overMs/],
    [{ overMs: 1, batch: 0 }, /batch/],
    [{ overMs: 1, tolerance: -0.1 }, /tolerance/],
    [{ overMs: 1, tolerance: 1.1 }, /tolerance/],
    [{ overMs: 1, tolerance: NaN }, /tolerance/],
    [{ overMs: 1, tolerance: '0.1' }, /tolerance/],
    [{ overMs: 1, limit: 1 }, /limit/],
  ])('refuses %j', async (options, message) => {
    await expect(new NodeSessions().rebalance(options as never)).rejects.toThrow(message);
  });

  it('names what it needs without presence, and without a store that nodes share', async () => {
    const cluster = new ClusterSessions();
    const message = /rebalance: needs presence and a store .*presence: true, store/;
    await expect(cluster.otherLoads()).rejects.toThrow(message);
    const presence = {
      node: 'a',
      of: () => Promise.resolve([]),
      otherLoads: () => Promise.resolve([]),
    };
    cluster.observe(presence, { isShared: false });
    await expect(cluster.otherLoads()).rejects.toThrow(message);
    cluster.observe(presence, { isShared: true });
    expect(await cluster.otherLoads()).toEqual([]);
  });
});

const publish = (store: MemoryWsAuthStore, node: string, isAccepting = true) => {
  const sessions = new NodeSessions();
  const presence = new Presence({
    store,
    sessions: sessions.live,
    node,
    leaseMs: 600_000,
    isAccepting: () => isAccepting,
  });
  presence.start();
  return { sessions, presence };
};

describe('the load of a node', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is known to the others before it has a session, with each one that it has, and until it ends', async () => {
    const store = new MemoryWsAuthStore();
    const a = publish(store, 'a');
    const b = publish(store, 'b', false);
    const known = () => b.presence.otherLoads();
    await expect.poll(known, { interval: 1 }).toEqual([accepting(0)]);
    const session = new FakeSession(a.sessions, 'alice', {});
    const anonymous = new FakeSession(a.sessions, undefined, {});
    await expect.poll(known, { interval: 1 }).toEqual([accepting(2)]);
    a.sessions.live.noteLeaving(session);
    await expect.poll(known, { interval: 1 }).toEqual([accepting(1)]);
    session.leave();
    anonymous.leave();
    await expect.poll(known, { interval: 1 }).toEqual([accepting(0)]);
    const ofB = [{ node: 'b', sessions: 0, isAccepting: false }];
    expect(await a.presence.otherLoads()).toEqual(ofB);
    await a.presence.stop();
    expect(await known()).toEqual([]);
    await b.presence.stop();
  });

  it('is published anew soon after the node accepts clients, and after a store has failed', async () => {
    const store = new MemoryWsAuthStore();
    const state = { isAccepting: false, failures: 1 };
    const put = store.putPresence.bind(store);
    store.putPresence = (...args) => {
      state.failures -= 1;
      return state.failures >= 0 ? Promise.reject(new WsAuthStoreError('gone')) : put(...args);
    };
    const { live } = new NodeSessions();
    const options = { store, sessions: live, leaseMs: 600_000 };
    const a = new Presence({ ...options, node: 'a', isAccepting: () => state.isAccepting });
    const b = new Presence({ ...options, node: 'b', isAccepting: () => true });
    a.start();
    await expect
      .poll(() => b.otherLoads())
      .toEqual([{ node: 'a', sessions: 0, isAccepting: false }]);
    state.isAccepting = true;
    await expect.poll(() => b.otherLoads()).toEqual([accepting(0)]);
    await Promise.all([a.stop(), b.stop()]);
  });

  it('K6c: is published anew after a store that never answered', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const store = new MemoryWsAuthStore();
    const put = store.putPresence.bind(store);
    const asked: unknown[] = [];
    store.putPresence = (...args) => {
      asked.push(args);
      return asked.length === 1 ? new Promise(() => undefined) : put(...args);
    };
    const { presence } = publish(store, 'a');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await publish(store, 'b').presence.otherLoads()).toEqual([accepting(0)]);
    await presence.stop();
  });

  it('RD-11: is not published where the store answers with another type, and not read', async () => {
    const store = new MemoryWsAuthStore();
    const { presence } = publish(store, 'a');
    const list = () => presence.otherLoads();
    for (const answer of [undefined, null, {}, 'text', [1], [null], [{ node: 'b' }]]) {
      store.presenceOf = () => Promise.resolve(answer) as never;
      await expect(list()).rejects.toThrow('presenceOf() of the store answered no list');
    }
    store.putPresence = (() => undefined) as never;
    await presence.stop();
  });

  it.each(['', 'null', '[]', '{"sessions":1}', '{"sessions":1.5,"isAccepting":true}', '{"'])(
    'is unknown where %j was published',
    (record) => {
      expect(parseLoad('a', record)).toBeUndefined();
    },
  );

  it('is at least 0, so that no node looks emptier than empty', () => {
    expect(parseLoad('a', '{"sessions":-9,"isAccepting":true}')).toEqual(accepting(0));
  });
});
