import { sectionText, type Section } from './section.js';

/** What a figure of the report may be at most. */
interface Goal {
  /** How the title of its section begins. */
  readonly work: string;
  readonly contender: string;
  readonly column: 'ratio' | 'V8 heap, KB';
  readonly most: number;
}

const onSocketIo = '**ours**, Socket.IO';
const besideBare = `${onSocketIo} ÷ Socket.IO + Passport`;

const goals: readonly Goal[] = [
  ...ratios('Connect, authenticate, first echo, close', {
    '**ours**, upgrade': 1.17,
    '**ours**, first message': 1.3,
  }),
  ...ratios('Refused connect, wrong signature', {
    '**ours**, upgrade': 1,
    '**ours**, first message': 1.6,
  }),
  ...ratios('Echo, 50 connections', { '**ours**, upgrade': 1.11 }),
  heap('**ours**, upgrade', 4),
  heap('**ours**, everything on', 4.3),
  ...ratios('Connect on Socket.IO', { [onSocketIo]: 1.1, [besideBare]: 1.1 }),
  ...ratios('Refused connect on Socket.IO', { [onSocketIo]: 1, [besideBare]: 1 }),
  ...ratios('Echo on Socket.IO', { [onSocketIo]: 1.1, [besideBare]: 1.1 }),
  ...ratios('Memory', { [besideBare]: 1.1 }),
  ...ratios('Connect, subscribe', { '**ours**, GraphQL': 1.1 }),
  ...ratios('Refused connect on GraphQL', { '**ours**, GraphQL': 1.1 }),
  ...ratios('Connect with OpenTelemetry', { measured: 1.03, 'measured, 1 of 10 traced': 1.08 }),
];

/** The goals beside the figures of a report, as its first section. What was not measured has a dash. */
export function goalsText(report: ReadonlyMap<string, string>): string {
  const figures = goals.map((goal) => ({ goal, figure: figureOf(goal, report) }));
  const section: Section = {
    title: 'Goals',
    header: ['work', 'contender', 'goal: at most', 'measured', 'met'],
    rows: figures.map(({ goal: { work, contender, most }, figure }) => [
      work,
      contender,
      String(most),
      figure ?? '–',
      figure === undefined ? '–' : Number(figure) <= most ? 'yes' : 'no',
    ]),
    notes: [],
    failures: [],
  };
  return sectionText(section);
}

function ratios(work: string, most: Readonly<Record<string, number>>): Goal[] {
  return Object.entries(most).map(([contender, limit]) => ({
    work,
    contender,
    column: 'ratio',
    most: limit,
  }));
}

function heap(contender: string, most: number): Goal {
  return { work: 'Memory', contender, column: 'V8 heap, KB', most };
}

function figureOf(goal: Goal, report: ReadonlyMap<string, string>): string | undefined {
  const [, text = ''] = [...report].find(([title]) => title.startsWith(goal.work)) ?? [];
  const [header = [], ...rows] = text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map(cellsOf);
  return rows.find(([label]) => label === goal.contender)?.[header.indexOf(goal.column)];
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
