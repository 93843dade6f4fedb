import type { Bench } from '../bench.js';
import { Belongings } from '../processes/belongings.js';
import type { RoundTrips } from '../contenders/ticket-stores.js';
import type { Cost } from '../load/dialogue.js';
import { cpuTimeOf } from '../processes/cpu-time.js';
import { startRedis } from '../processes/redis.js';
import type { Server } from '../processes/server.js';
import type { Section } from '../report/section.js';
import { cpuPerOperation, spreadOf } from '../report/statistics.js';
import { repeat } from './alternate.js';

/** (g) Tickets that are issued and taken, 64 at a time. */
export async function ticketTrips(bench: Bench): Promise<Section> {
  await using belongings = new Belongings();
  const server = belongings.use(await bench.startServer('ticketStores'));
  const row = async (label: string, trips: RoundTrips): Promise<string[]> => {
    const runner = { slice: () => costOf(server, trips) };
    await repeat(runner, 2);
    return [label, ...numbersOf(await repeat(runner, bench.size(9, 3)))];
  };
  const rows = [await row('memory', { count: bench.size(20_000, 5_000) })];
  const redis = await startRedis();
  if (redis) {
    belongings.use(redis);
    rows.push(await row('Redis', { count: bench.size(5_000, 1_000), redis: redis.path }));
  }
  return {
    title: 'Tickets, issue and take (64 in flight)',
    header: ['store', 'CPU per ticket, µs', 'min–max', 'tickets/s'],
    rows,
    notes: redis ? [] : ['Without Redis: this machine has no `redis-server`.'],
    failures: [],
  };
}

async function costOf(server: Server, trips: RoundTrips): Promise<Cost> {
  const cpu = cpuTimeOf(server.pid);
  const wall = performance.now();
  await server.run('roundTrips', trips);
  return {
    operations: trips.count,
    wallMs: performance.now() - wall,
    serverMs: cpuTimeOf(server.pid) - cpu,
    loadMs: 0,
  };
}

function numbersOf(costs: readonly Cost[]): string[] {
  const { median, min, max } = spreadOf(costs.map(cpuPerOperation));
  const rate = spreadOf(costs.map(({ operations, wallMs }) => (operations / wallMs) * 1_000));
  return [median.toFixed(1), `${min.toFixed(1)}–${max.toFixed(1)}`, rate.median.toFixed(0)];
}
