/** One table of the report. */
export interface Section {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
  /** What makes the run a failure. */
  readonly failures: readonly string[];
}

export function sectionText({ title, header, rows, notes, failures }: Section): string {
  const rule = header.map((_, column) => (column === 0 ? '---' : '--:'));
  const said = [...notes, ...failures.map((failure) => `FAILED: ${failure}`)];
  return [
    `## ${title}`,
    '',
    ...[header, rule, ...rows].map(line),
    ...said.flatMap((note) => ['', note]),
    '',
  ].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
