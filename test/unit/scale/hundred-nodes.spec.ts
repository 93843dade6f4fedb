import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { patient } from '../../support/patience.js';
import { OneOfMany, type Counts } from './one-of-many.js';

const nodes = 100;
const sessionsPerNode = 20_000;
/** One renewal of all leases: a quarter of 1.5 × `maxStalenessMs`. */
const seconds = 11.25;

const purposes: readonly (readonly [string, readonly string[]])[] = [
  ['waiting for entries of the stream', ['XREAD', 'XREVRANGE']],
  ['reading them', ['readStreamScript']],
  ['publishing its own logouts', ['addRevocationScript']],
  ['authentications: is it revoked?', ['readRevocationsScript']],
  ['leases taken and given back', ['claimLeaseScript', 'HDEL']],
  ['leases renewed', ['renewLeasesScript']],
  ['presence', ['putPresenceScript']],
];

const sum = (counts: Counts, names: readonly string[]) =>
  names.reduce((total, name) => total + (counts.get(name) ?? 0), 0);

const whole = (value: number) => Math.round(value).toLocaleString('en-US');

/** Commands a second of one node, and of all of them. */
function cells(counts: Counts, names: readonly string[]): readonly string[] {
  const perSecond = sum(counts, names) / seconds;
  const ofOne = perSecond < 10 ? perSecond.toFixed(1) : whole(perSecond);
  return [ofOne, whole(perSecond * nodes)];
}

function tableOf(usual: Counts, tenfold: Counts, entering: Counts): string {
  const row = (purpose: string, names: readonly string[]) =>
    `| ${[purpose, ...cells(usual, names), ...cells(tenfold, names)].join(' | ')} |`;
  const all = purposes.flatMap(([, names]) => names);
  const lost = sum(entering, all) * (nodes - 1);
  return `
| commands a second for | a node, 1,000 logouts/s | the store | a node, 10,000 logouts/s | the store |
| --- | --: | --: | --: | --: |
${[...purposes.map(([purpose, names]) => row(purpose, names)), row('**all**', all)].join('\n')}

In the second after a node was lost, its clients enter the other ${nodes - 1}: ${whole(lost)} commands more.
`;
}

const path = fileURLToPath(new URL('../../../lib/guides/hundred-nodes.md', import.meta.url));
const [begin, end] = ['<!-- scale:begin -->', '<!-- scale:end -->'];

it(
  'the guide to 100 nodes has the commands that the code sends, counted on a virtual clock',
  { timeout: patient(120_000) },
  async () => {
    using node = new OneOfMany({ nodes, sessionsPerNode, latencyMs: 1 });
    await node.start();
    const usual = await node.run(seconds, 1_000);
    const tenfold = await node.run(seconds, 10_000);
    const entering = await node.receive(Math.ceil(sessionsPerNode / (nodes - 1)), 1_000);
    const guide = readFileSync(path, 'utf8');
    const [head, rest] = guide.split(begin);
    const text = `${head}${begin}\n${tableOf(usual, tenfold, entering)}\n${end}${rest!.split(end)[1]}`;
    const options = await resolveConfig(path);
    const expected = await format(text, { ...options, parser: 'markdown' });
    if (process.env['WRITE_SCALE'] === 'yes') {
      writeFileSync(path, expected);
    } else {
      expect(guide).toBe(expected);
    }
  },
);
