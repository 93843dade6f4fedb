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
  { name: 'an unnamed actor', pattern: /\b(?:nobody|somebody|whoever)\b/gi, most: 0 },
  {
    name: 'tell, say or hear',
    pattern: /\b(?:tells?|told|says?|said|hears?|heard)\b/gi,
    most: 0.1,
  },
  {
    name: 'a negated noun',
    pattern: /\bis none\b|(?<!\bthere )\bis no (?!longer\b)[a-z]+/gi,
    most: 0.1,
  },
  { name: 'at once', pattern: /\bat once\b/gi, most: 0.1 },
];

/** Files in a folder. What other programs have written there is left out. */
function filesOf(folder: string, ...extensions: readonly string[]): string[] {
  return readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => !/(?:^|\/)(?:node_modules|dist)\//.test(name))
    .filter((name) => extensions.some((extension) => name.endsWith(extension)))
    .map((name) => `${folder}/${name}`);
}

function linesOf(file: string, words: (text: string) => string | undefined): Line[] {
  return rootFile(file)
    .split('\n')
    .map((text, index) => ({ place: `${file}:${index + 1}`, text: words(text) ?? '' }))
    .filter(({ text }) => text !== '');
}

/** What a line has of a comment. Comments are whole lines, or stand behind code. */
function comment(line: string): string | undefined {
  return (
    /^\s*(?:\/\*\*?|\*|\/\/|#)(?= |$)(.*)$/.exec(line)?.[1] ?? /\s(?:\/\/|#) (.+)$/.exec(line)?.[1]
  );
}

/** The texts of a line of code: errors, lines of the log, and what a page shows. A name has no space. */
function texts(line: string): string | undefined {
  const found = comment(line) === undefined ? line.matchAll(/(['"`])((?:(?!\1).)* .*?)\1/g) : [];
  return Array.from(found, ([, , text]) => text).join(' ') || undefined;
}

/** The name of a test, or of a group of tests. A long one has a line of its own. */
function testName(line: string): string | undefined {
  const [, , name] =
    /(?:^|\s)(?:it|test|describe)\b.*?\((['`])(.+)\1/.exec(line) ??
    /^\s+(['`])(.+ .+)\1,$/.exec(line) ??
    [];
  return name;
}

const whole = (text: string) => text;

const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['.changeset', '.github', 'lib', 'sample', 'test'].flatMap((folder) => filesOf(folder, '.md')),
];

const code = ['.ts', '.js', '.mjs', '.jsx', '.py', '.css', '.conf', '.yml'];

const sources = ['.ci', '.github', 'lib', 'sample', 'test'].flatMap((folder) =>
  filesOf(folder, ...code),
);

const lines = [
  ...documents.flatMap((file) => linesOf(file, whole)),
  ...[...sources, 'vitest.config.ts'].flatMap((file) => linesOf(file, comment)),
  ...[...filesOf('lib', '.ts'), ...filesOf('sample', '.ts', '.js', '.jsx')].flatMap((file) =>
    linesOf(file, texts),
  ),
  ...filesOf('.github', '.yml').flatMap((file) => linesOf(file, whole)),
  ...filesOf('sample/pages', '.ts').flatMap((file) => linesOf(file, whole)),
  ...filesOf('test', 'spec.ts').flatMap((file) => linesOf(file, testName)),
];

const words = lines.reduce((sum, { text }) => sum + text.split(/\s+/).length, 0);

describe('documents, comments, messages and names of tests', () => {
  it.each([
    ['guides', 'lib/guides/faq.md'],
    ['documents of the repository', '.github/CODE_OF_CONDUCT.md'],
    ['README files of examples', 'sample/examples/react/README.md'],
    ['comments and messages of the code', 'lib/policy/options.ts'],
    ['comments of workflows', '.github/workflows/version.yml'],
    ['comments and texts of the sample', 'sample/pages/experiment.page.ts'],
    ['comments of tests', 'test/support/raw-peer.ts'],
    ['names of tests', 'test/unit/words.spec.ts'],
  ])('are all read: %s', (_kind, file) => {
    expect(lines.map(({ place }) => place.split(':', 1)[0])).toContain(file);
  });

  it('are distinguished from code', () => {
    expect(comment('  // why')).toBe(' why');
    expect(comment('      - uses: actions/checkout # v4')).toBe('v4');
    expect(comment('  #private = 1;')).toBeUndefined();
    expect(texts("throw new Error('no such session', { cause: 'x' });")).toBe('no such session');
  });

  it.each(limits)('have few words of the kind: $name', ({ pattern, most }) => {
    const found = lines.filter(({ text }) => text.match(pattern));
    const allowed = Math.floor((words / 1_000) * most);
    const places = found.map(({ place, text }) => `${place} ${text.trim()}`);
    expect(places.slice(allowed), `${found.length} lines, allowed are ${allowed}`).toEqual([]);
  });
});
