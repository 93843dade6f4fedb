import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { afterAll, describe, expect, it } from 'vitest';
import { patient } from '../support/patience.js';
import { isLong, Stage, type Fault, type Seen } from './faults/fault.js';
import { heartbeat } from './faults/many-sockets.js';
import { nodeFaults } from './faults/node-faults.js';
import { peakOfConnects, rollingRestart } from './faults/rolling-restart.js';
import { storeFaults } from './faults/store-faults.js';
import { surroundingsFaults } from './faults/surroundings-faults.js';
import { topologyFaults } from './faults/topology-faults.js';

const scale = isLong ? { clients: 3_000, drainMs: 30_000 } : { clients: 60, drainMs: 8_000 };

const faults: readonly Fault[] = [
  ...storeFaults,
  ...surroundingsFaults,
  ...topologyFaults,
  ...nodeFaults,
  // As many as one process may open here.
  heartbeat(isLong ? 19_500 : 300),
  peakOfConnects(isLong ? { clients: 1_500, drainMs: 60_000 } : scale),
  rollingRestart('nginx', scale),
  rollingRestart('haproxy', scale),
];

const path = fileURLToPath(new URL('FAULTS.md', import.meta.url));
const rows = new Map<string, string>();

/** Rows of faults that this run has left out stay. */
function formerRow({ name }: Fault): string | undefined {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text.split('\n').find((line) => line.startsWith(`| ${name} `));
}

function rowOf({ name, promise }: Fault, { text, isServedBeyond, holds }: Seen): string {
  const revoked = isServedBeyond ? '**yes**' : 'no';
  return `| ${name} | ${promise} | ${text} | ${revoked} | ${holds ? 'holds' : '**does not hold**'} |`;
}

async function write(): Promise<void> {
  const text = `# Faults, and what was seen

\`npm run faults\` writes this page with real servers: Redis, Sentinel, Cluster, nginx, HAProxy. Times are of the machine that it ran on.
\`npx vitest run --project nodes test/nodes/faults.nodes-spec.ts\` runs the short version, with 60 clients, and fails where a row does not
hold. More kinds of faults are in the other files of this folder, and in the simulation of \`test/unit/simulation\`.

| fault | promise | seen | a revoked session served beyond its bound | verdict |
| --- | --- | --- | --- | --- |
${faults.flatMap((fault) => rows.get(fault.name) ?? formerRow(fault) ?? []).join('\n')}
`;
  const options = await resolveConfig(path);
  writeFileSync(path, await format(text, { ...options, parser: 'markdown' }));
}

describe('faults', { timeout: patient(isLong ? 900_000 : 120_000) }, () => {
  afterAll(() => (isLong ? write() : undefined));

  it.each(faults.map((fault) => [fault.name, fault] as const))('%s', async (_name, fault) => {
    await using stage = new Stage();
    const seen = await fault.run(stage).catch((error: unknown) => {
      rows.set(
        fault.name,
        rowOf(fault, { text: 'not finished', isServedBeyond: false, holds: false }),
      );
      throw error;
    });
    rows.set(fault.name, rowOf(fault, seen));
    expect(seen).toEqual({ ...seen, isServedBeyond: false, holds: true });
  });
});
