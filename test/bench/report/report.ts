import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { goalsText } from './goals.js';
import { machineText } from './machine.js';
import { sectionText, type Section } from './section.js';

const preface = `# Results of \`npm run bench\`

What counts is the CPU time of the server process (user and system, all threads) per operation, as the kernel accounts for
it. Servers and load have a core each. The baseline is started anew beside each contender, several times, and the two take
turns, slice by slice; each ratio is one of two neighbours. Medians, with the ends beside them. Wall time and throughput
prove nothing.
The load never sleeps, so that no server pays for waking it; it is busy in the turns in which it has something to do.
The same JWT (HS256, key object) everywhere, no compression. Everything is on loopback.
`;

/** Writes the report. What `earlier` holds of other works, run on the same machine, stays. */
export function writeReport(file: string, sections: readonly Section[], earlier = noReport): void {
  const texts = new Map(earlier);
  for (const section of sections) {
    texts.set(section.title, sectionText(section));
  }
  const text = [preface, machineText(), '', goalsText(texts), ...texts.values()].join('\n');
  writeFileSync(file, `${text.trimEnd()}\n`);
}

/** Sections of a report by title. */
type Report = ReadonlyMap<string, string>;

const noReport: Report = new Map();

export function readReport(file: string): Report {
  const [, ...texts] = existsSync(file) ? readFileSync(file, 'utf8').split(/^## /m) : [];
  const report = new Map(texts.map((text) => [text.split('\n', 1)[0]!, `## ${text.trimEnd()}\n`]));
  // Judged anew whenever a report is written.
  report.delete('Goals');
  return report;
}
