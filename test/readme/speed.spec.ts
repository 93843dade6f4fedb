import { describe, expect, it } from 'vitest';
import { rootFile, section } from './readme.js';

/** A row: where its numbers come from. */
interface Work {
  readonly title: string;
  readonly columns: readonly string[];
}

/** A table of lib/guides/speed.md, with the contenders of its columns as RESULTS.md names them. */
interface SpeedTable {
  readonly heading: string;
  readonly contenders: readonly string[];
  readonly works: readonly Work[];
}

const ratio = ['ratio'];

const tables: readonly SpeedTable[] = [
  {
    heading: 'Speed',
    contenders: [
      'hand-written `ws` + JWT, upgrade',
      'Nest `WsAdapter`, no authentication',
      'Nest, `handleConnection`',
      'Nest, `AuthGuard` per message',
      'Socket.IO + Passport',
      '**ours**, upgrade',
      '**ours**, everything on',
    ],
    works: [
      { title: 'Connect, authenticate, first echo, close', columns: ratio },
      { title: 'Refused connect, wrong signature', columns: ratio },
      { title: 'Echo', columns: ratio },
      { title: 'Memory per idle authenticated connection', columns: ['V8 heap, KB'] },
      { title: 'Early messages', columns: ['handled without a user', 'lost', 'reordered'] },
    ],
  },
  {
    heading: 'Socket.IO',
    contenders: ['Nest `IoAdapter` + Passport', 'Socket.IO + Passport', '**ours**, Socket.IO'],
    works: [
      { title: 'Connect on Socket.IO', columns: ratio },
      { title: 'Refused connect on Socket.IO', columns: ratio },
      { title: 'Echo on Socket.IO', columns: ratio },
      { title: 'Memory per idle authenticated connection', columns: ['V8 heap, KB'] },
    ],
  },
  {
    heading: 'GraphQL',
    contenders: ['Nest GraphQL, `jsonwebtoken` in `onConnect`', '**ours**, GraphQL'],
    works: [
      { title: 'Connect, subscribe', columns: ratio },
      { title: 'Refused connect on GraphQL', columns: ratio },
    ],
  },
];

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function tableOf(markdown: string): string[][] {
  const [head = [], , ...rows] = markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map(cellsOf);
  return [head, ...rows];
}

/** What was measured, as one cell; a dash for who did not take part. */
function measured(title: string, contender: string, columns: readonly string[]): string {
  const sections = rootFile('test/bench/RESULTS.md').split(/^## /m);
  const [head = [], ...rows] = tableOf(sections.find((text) => text.startsWith(title))!);
  const row = rows.find(([label]) => label === contender);
  return row ? columns.map((column) => row[head.indexOf(column)]!).join(', ') : '–';
}

describe.each(tables)('the table "$heading" of lib/guides/speed.md', (table) => {
  const { heading, contenders, works } = table;
  const [head = [], ...rows] = tableOf(section(rootFile('lib/guides/speed.md'), heading));

  it('has a column for each contender, and a row for each work', () => {
    expect(head).toHaveLength(contenders.length + 1);
    expect(rows).toHaveLength(works.length);
  });

  it.each(works)('has the figures of RESULTS.md for "$title"', ({ title, columns }) => {
    const row = rows[works.findIndex((work) => work.title === title)]!;
    expect(row.slice(1)).toEqual(contenders.map((each) => measured(title, each, columns)));
  });
});
