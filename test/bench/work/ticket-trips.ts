import type { Bench } from '../bench.js';
import { Belongings } from '../processes/belongings.js';
import type { RoundTrips } from '../contenders/ticket-stores.js';
import { cpuTimeOf } from '../processes/cpu-time.js';
import { startRedis } from '../processes/redis.js';
import type { Section } from '../report/section.js';
import { cpuPerOperation, spreadOf } from '../report/statistics.js';
import { alternate, type Runner } from './alternate.js';
import { warmUp } from './dialogue-runner.js';

/** (g) Tickets that are issued and taken, 64 at a time. */
export async function ticketTrips(bench: Bench): Promise<Section> {
  await using belongings = new Belongings();
  const server = belongings.use(await bench.startServer('ticketStores'));
  const runner = (label: string, trips: RoundTrips): Runner => ({
    label,
    slice: async () => {
      const cpu = cpuTimeOf(server.pid);
      const wall = performance.now();
      await server.run('roundTrips', trips);
      return {
        operations: trips.count,
        wallMs: performance.now() - wall,
        serverMs: cpuTimeOf(server.pid) - cpu,
        loadMs: 0,
      };
    },
  });
  const runners = [runner('memory', { count: bench.size(20_000, 5_000) })];
  const redis = await startRedis();
  if (redis) {
    belongings.use(redis);
    runners.push(runner('Redis', { count: bench.size(5_000, 1_000), redis: redis.path }));
  }
  await warmUp(runners, 2);
  const series = await alternate(runners, bench.size(9, 3));
  return {
    title: 'Tickets, issue and take (64 in flight)',
    header: ['store', 'CPU per ticket, µs', 'min–max', 'tickets/s'],
    rows: series.map(({ label, costs }) => {
      const { median, min, max } = spreadOf(costs.map(cpuPerOperation));
      const rate = spreadOf(costs.map(({ operations, wallMs }) => (operations / wallMs) * 1_000));
      const spread = `${min.toFixed(1)}–${max.toFixed(1)}`;
      return [label, median.toFixed(1), spread, rate.median.toFixed(0)];
    }),
    notes: redis ? [] : ['Without Redis: this machine has no `redis-server`.'],
    failures: [],
  };
}
