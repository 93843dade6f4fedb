import type { balancers } from '../../support/balancers.js';
import { isLong, Stage, type Fault, type Seen } from './fault.js';
import { boundMs, isLevel, Site, type Scale } from './site.js';

/** In the short version a balancer may take longer to use a node than a rebalancing lasts. */
const mostRounds = isLong ? 1 : Number.POSITIVE_INFINITY;

/** Share of the connects per second without a drain that a node may have with one. The short version has few clients and little time. */
const peakShare = isLong ? 0.1 : 1;

type Balancer = keyof typeof balancers;

/** The same restart without a drain, to compare with. */
async function runWithoutDrain(balancer: Balancer, scale: Scale) {
  await using stage = new Stage();
  const site = await Site.start(stage, balancer, { ...scale, drainMs: 0 });
  const { peak } = await site.restart();
  return { peak, lost: await site.lost() };
}

async function runRestarts(stage: Stage, balancer: Balancer, scale: Scale): Promise<Seen> {
  const undrained = await runWithoutDrain(balancer, scale);
  const site = await Site.start(stage, balancer, scale);
  const { waits, peak } = await site.restart();
  const before = await site.counts();
  const { rounds, after } = await site.level();
  const lost = await site.lost();
  const { givenUp, sent } = site.crowd;
  return {
    text: [
      `${givenUp} given up`,
      `all open ${waits.join(', ')} ms after each node was up`,
      `${lost} of ${sent} messages without an answer (${undrained.lost} without a drain)`,
      `${peak} connects in one second on another node at most (${undrained.peak} without a drain)`,
      `sessions ${before.join(' / ')}, after ${rounds} × \`rebalance()\` ${after.join(' / ')}`,
    ].join('; '),
    isServedBeyond: false,
    holds:
      givenUp === 0 &&
      lost === 0 &&
      isLevel(after) &&
      rounds <= mostRounds &&
      waits.every((wait) => wait <= boundMs),
  };
}

/** The rolling restart of three nodes behind a balancer. */
export function rollingRestart(balancer: Balancer, scale: Scale): Fault {
  const promised = [
    'no client gives up or loses a message',
    `all are open within ${boundMs} ms`,
    'every node is within a tenth of the average, above and below, after one `rebalance()` on each',
  ];
  return {
    name: `rolling restart of three nodes behind ${balancer}, ${scale.clients} clients, \`drainMs\` ${scale.drainMs}`,
    promise: promised.join('; '),
    run: (stage) => runRestarts(stage, balancer, scale),
  };
}

/** Connects per second on the other nodes while one of three restarts, of clients that send nothing. */
async function peakOf(stage: Stage, scale: Scale): Promise<number> {
  const site = await Site.start(stage, 'nginx', scale);
  site.crowd.rest();
  const { peak } = await site.restart([0]);
  return peak;
}

async function runPeak(stage: Stage, scale: Scale): Promise<Seen> {
  const without = await peakOf(stage, { ...scale, drainMs: 0 });
  const peak = await peakOf(stage, scale);
  return {
    text: `${peak} connects in one second on another node at most, ${without} without a drain`,
    isServedBeyond: false,
    holds: peak <= without * peakShare,
  };
}

/** How fast the clients of a node that restarts come to the others. */
export function peakOfConnects(scale: Scale): Fault {
  return {
    name: `one of three nodes restarts, ${scale.clients} clients that send nothing, \`drainMs\` ${scale.drainMs}`,
    promise: `the other nodes have ${peakShare} of the connects per second that they have without a drain, or fewer`,
    run: (stage) => runPeak(stage, scale),
  };
}
