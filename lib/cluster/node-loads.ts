import type { NodeLoad } from './presence-record.js';

/**
 * Whether all nodes that accept clients are within a tolerance of the average, above and below it. One that is empty matters as much as
 * one that is too full: it may be the last of many that has restarted.
 */
export function areLevel(loads: readonly NodeLoad[], tolerance: number): boolean {
  const accepting = loads.filter(({ isAccepting }) => isAccepting);
  const average = totalOf(loads) / accepting.length;
  return accepting.every(({ sessions }) => Math.abs(sessions - average) <= average * tolerance);
}

/**
 * Sessions that a node has once all are level. The shares of all nodes add up to the number of all sessions: what is left of the
 * division stays with those that have the most, and among equals with the first ones by name. A node that shuts down gives its own to
 * the others.
 */
export function shareOf(own: NodeLoad, others: readonly NodeLoad[]): number {
  const accepting = others.filter(({ isAccepting }) => isAccepting);
  const nodes = accepting.length + 1;
  const total = totalOf([own, ...others]);
  const rank = accepting.filter((other) => comesBefore(other, own)).length;
  return Math.floor(total / nodes) + (rank < total % nodes ? 1 : 0);
}

function comesBefore(one: NodeLoad, other: NodeLoad): boolean {
  return one.sessions === other.sessions ? one.node < other.node : one.sessions > other.sessions;
}

function totalOf(loads: readonly NodeLoad[]): number {
  return loads.reduce((sum, { sessions }) => sum + sessions, 0);
}
