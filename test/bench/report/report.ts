import { writeFileSync } from 'node:fs';
import { machineText } from './machine.js';
import { sectionText, type Section } from './section.js';

const preface = `# Results of \`npm run bench\`

What counts is the CPU time of the server process (user and system, all threads) per operation, as the kernel accounts for
it. Servers and load have a core each; contenders alternate slice by slice within one run, and each ratio is one of two
neighbouring slices. Medians, with minimum and maximum beside them. Wall time and throughput are shown and prove nothing.
The same JWT (HS256, key object) everywhere, no compression. Everything is on loopback.
`;

/** Writes the report of a full run. */
export function writeReport(file: string, sections: readonly Section[]): void {
  const text = [preface, machineText(), '', ...sections.map(sectionText)].join('\n');
  writeFileSync(file, `${text.trimEnd()}\n`);
}
