import { Bench } from './bench.js';
import { readOptions } from './options.js';
import { anyCores, chooseCores } from './processes/cores.js';
import { machineText } from './report/machine.js';
import { readReport, writeReport } from './report/report.js';
import { writeCounts } from './report/counts.js';
import { sectionText, type Section } from './report/section.js';
import { connect, connectGraphql, connectSocketIo, telemetry } from './works/connect.js';
import { early } from './works/early.js';
import { endings } from './works/endings.js';
import { hostile } from './works/hostile.js';
import { memory } from './works/memory.js';
import { messages, messagesSocketIo } from './works/messages.js';
import { refuse, refuseGraphql, refuseSocketIo } from './works/refuse.js';
import { stalls } from './works/stalls.js';
import { ticketTrips } from './works/ticket-trips.js';

const works = {
  connect,
  connectSocketIo,
  connectGraphql,
  telemetry,
  refuse,
  refuseSocketIo,
  refuseGraphql,
  hostile,
  messages,
  messagesSocketIo,
  memory,
  early,
  endings,
  stalls,
  tickets: ticketTrips,
} as const;

const options = readOptions();
const cores = options.quick ? anyCores : chooseCores();
process.stdout.write(`${machineText()}\n`);
if (cores.server === undefined) {
  process.stdout.write('Servers and load share cores: the numbers mean little.\n');
}
const sections: Section[] = [];
await using bench = new Bench(options, cores);
for (const [name, work] of Object.entries(works)) {
  if (options.only?.includes(name) ?? true) {
    const section = await work(bench);
    process.stdout.write(`\n${sectionText(section)}`);
    sections.push(section);
  }
}

if (!options.quick && options.profile === undefined && options.match === '') {
  const file = 'test/bench/RESULTS.md';
  writeReport(file, sections, options.only && readReport(file));
}
if (options.results !== undefined) {
  writeCounts(options.results, sections);
}
process.exitCode = sections.some(({ failures }) => failures.length > 0) ? 1 : 0;
