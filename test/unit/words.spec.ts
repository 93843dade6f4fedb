import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Line {
  /** Such as `lib/index.ts:12`. */
  readonly place: string;
  readonly text: string;
}

/** Expressions that hide the actor or the action, and how many of them 1,000 words may have. */
const limits = [
  { name: 'an unnamed actor', pattern: /\b(?:nobody|somebody|whoever)\b/gi, most: 0.1 },
  {
    name: 'tell, say or hear',
    pattern: /\b(?:tells?|told|says?|said|hears?|heard)\b/gi,
    most: 0.3,
  },
  { name: 'a negated noun', pattern: /\bis none\b|\bis no (?!longer\b)[a-z]+/gi, most: 0.2 },
  { name: 'at once', pattern: /\bat once\b/gi, most: 0.1 },
];

function filesOf(folder: string, extension: string): string[] {
  return readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name}`)
    .filter((name) => name.endsWith(extension) && !name.includes('node_modules'));
}

function linesOf(file: string, words: (text: string) => string | undefined): Line[] {
  return rootFile(file)
    .split('\n')
    .map((text, index) => ({ place: `${file}:${index + 1}`, text: words(text) ?? '' }))
    .filter(({ text }) => text !== '');
}

/** What a line has of a comment. Comments are whole lines, or stand behind code. */
function comment(line: string): string | undefined {
  return /^\s*(?:\/\*\*|\*|\/\/)(.*)$/.exec(line)?.[1] ?? /\s\/\/ (.+)$/.exec(line)?.[1];
}

/** The name of a test, or of a group of tests. A long one has a line of its own. */
function testName(line: string): string | undefined {
  const [, , name] =
    /(?:^|\s)(?:it|test|describe)\b.*?\((['`])(.+)\1/.exec(line) ??
    /^\s+(['`])(.+ .+)\1,$/.exec(line) ??
    [];
  return name;
}

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...filesOf('lib', '.md'),
  ...filesOf('sample', '.md'),
];

const lines = [
  ...documents.flatMap((file) => linesOf(file, (text) => text)),
  ...filesOf('lib', '.ts').flatMap((file) => linesOf(file, comment)),
  ...filesOf('test', 'spec.ts').flatMap((file) => linesOf(file, testName)),
];

const words = lines.reduce((sum, { text }) => sum + text.split(/\s+/).length, 0);

describe('documents, comments and names of tests', () => {
  it('are all read', () => {
    const places = lines.map(({ place }) => place.split(':', 1)[0]);
    expect(places).toContain('README.md');
    expect(places).toContain('lib/policy/options.ts');
    expect(places).toContain('test/unit/words.spec.ts');
  });

  it.each(limits)('have few words of the kind: $name', ({ pattern, most }) => {
    const found = lines.filter(({ text }) => text.match(pattern));
    const allowed = Math.floor((words / 1_000) * most);
    const places = found.map(({ place, text }) => `${place} ${text.trim()}`);
    expect(places.slice(allowed), `${found.length} lines, allowed are ${allowed}`).toEqual([]);
  });
});
