import type { Cost } from '../load/dialogue.js';
import type { Series } from '../works/alternate.js';
import { pairRow } from './pair-row.js';
import type { Section } from './section.js';
import { cpuPerOperation, quartilesOf, ratiosOf, spreadOf, type Spread } from './statistics.js';

const header = [
  'contender',
  'CPU per operation, µs',
  'min–max',
  'ratio',
  'middle half',
  'min–max',
  'operations/s',
  'ms',
  'server / load busy',
];

/** Above this the load may be what is measured. */
const busyLoad = 0.9;

/** A table of costs: the first series is the baseline, the second the same contender again. */
export function costSection(title: string, series: readonly Series[]): Section {
  const [, twin] = series;
  const noise = spreadOf(ratiosOf(twin!));
  return {
    title,
    header,
    rows: [...series.map(row), ...pairRow(series)],
    notes: [
      `${twin!.costs.length} slices each, beside one of the baseline. Noise: the baseline against itself is ${ratioText(noise)}.`,
      ...series.flatMap(warnings),
    ],
    failures: [],
  };
}

function row(series: Series): string[] {
  const { label, costs } = series;
  const cpu = spreadOf(costs.map(cpuPerOperation));
  const ratio = quartilesOf(ratiosOf(series));
  const median = (read: (cost: Cost) => number) => spreadOf(costs.map(read)).median;
  return [
    label,
    cpu.median.toFixed(1),
    `${cpu.min.toFixed(1)}–${cpu.max.toFixed(1)}`,
    ratio.median.toFixed(2),
    `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`,
    `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
    median(({ operations, wallMs }) => (operations / wallMs) * 1_000).toFixed(0),
    median(({ wallMs }) => wallMs).toFixed(0),
    `${percent(median(serverUse))} / ${percent(median(loadUse))}`,
  ];
}

function warnings({ label, costs }: Series): string[] {
  const load = spreadOf(costs.map(loadUse)).median;
  const server = spreadOf(costs.map(serverUse)).median;
  return load > busyLoad && load > server
    ? [`Warning: with ${label} the load was the bottleneck (${percent(load)} busy).`]
    : [];
}

const serverUse = ({ serverMs, wallMs }: Cost) => serverMs / wallMs;
const loadUse = ({ loadMs, wallMs }: Cost) => loadMs / wallMs;

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`;
}

function ratioText({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}
