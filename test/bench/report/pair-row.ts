import type { Series } from '../works/alternate.js';
import { quartilesOf, ratiosOf } from './statistics.js';

/** Labels of the two contenders of Socket.IO: this package, and what its users had before. */
const ours = '**ours**, Socket.IO';
const theirs = 'Socket.IO + Passport';

/** The label of a row that compares the two with each other. */
const label = `${ours} ÷ ${theirs}`;

/**
 * The row of a table of costs that compares the two, if both took part. Both were measured beside the baseline, slice by slice, so the
 * ratio of their ratios leaves out what else the machine did.
 */
export function pairRow(series: readonly Series[]): string[][] {
  const [first, second] = [ours, theirs].map((name) => series.find((each) => each.label === name));
  if (!first || !second) {
    return [];
  }
  const beside = ratiosOf(second);
  const ratio = quartilesOf(ratiosOf(first).map((each, index) => each / beside[index]!));
  const ends = `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`;
  const half = `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`;
  return [[label, '', '', ratio.median.toFixed(2), half, ends, '', '', '']];
}

/** The same for heap. */
export function heapPairRow(heaps: ReadonlyMap<string, number>): string[][] {
  const [first, second] = [heaps.get(ours), heaps.get(theirs)];
  return first === undefined || second === undefined
    ? []
    : [[label, '', (first / second).toFixed(2), '', '', '']];
}
