import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { measurements } from './measurements.js';

/** What was measured in one engine. */
export interface Column {
  readonly engine: string;
  readonly version: string;
  /** Cells by the text of the first cell of their row. */
  readonly cells: ReadonlyMap<string, string>;
}

const path = fileURLToPath(new URL('../../lib/guides/compatibility.md', import.meta.url));
const begin = '<!-- browsers:begin -->';
const end = '<!-- browsers:end -->';

function bounds(readme: string): readonly [number, number] {
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  if (from === -1 || to < from) {
    throw new Error(`compatibility.md has no ${begin} … ${end}`);
  }
  return [from + begin.length, to];
}

/** The columns of the table in lib/guides/compatibility.md. */
export function readTable(): Column[] {
  const readme = readFileSync(path, 'utf8');
  const [header, , ...rows] = readme
    .slice(...bounds(readme))
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
  return (header ?? []).slice(1).map((title, index) => {
    const [, engine = title, version = ''] = /^(.*?) (\d\S*)$/.exec(title) ?? [];
    const cells = rows.map((row): [string, string] => [row[0]!, row[index + 1]!]);
    return { engine, version, cells: new Map(cells) };
  });
}

/** Writes the table into lib/guides/compatibility.md. */
export async function writeTable(columns: readonly Column[], measuredOn: Date): Promise<void> {
  const readme = readFileSync(path, 'utf8');
  const [from, to] = bounds(readme);
  const month = measuredOn.toLocaleString('en', { month: 'long', year: 'numeric' });
  const said = `Measured by \`npm run test:browsers\` in ${month}, on Debian. Codes are what the page sees. Safari was not measured.`;
  const header = ['', ...columns.map(({ engine, version }) => `${engine} ${version}`)];
  const rows = measurements.map(({ what }) => [
    what,
    ...columns.map(({ cells }) => cells.get(what) ?? ''),
  ]);
  const lines = [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  const text = `${readme.slice(0, from)}\n\n${said}\n\n${lines.join('\n')}\n\n${readme.slice(to)}`;
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
