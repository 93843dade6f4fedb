import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Text of a file at the root of the repository. */
export function rootFile(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
}

const fence = /^```(\w+)\n([\s\S]*?)^```$/gm;

/** Fenced blocks of one language, in order. */
export function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(fence)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code!);
}

/** The text between a heading and the next heading of its level or above. */
export function section(markdown: string, heading: string): string {
  const start = markdown.indexOf(`\n## ${heading}\n`);
  if (start === -1) {
    throw new Error(`there is no section "${heading}"`);
  }
  const end = markdown.indexOf('\n## ', start + 1);
  return markdown.slice(start, end === -1 ? undefined : end);
}

/** Cells of the table rows whose first cell is code. */
export function tableRows(markdown: string): string[][] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('\\|', '|')));
}

/** The pieces of code in a cell. */
export function codesIn(cell = ''): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
}

/** The first piece of code in a cell. */
export function codeIn(cell: string | undefined): string | undefined {
  return codesIn(cell)[0];
}

/** Everything but fenced blocks. */
function withoutBlocks(markdown: string): string {
  return markdown.replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** Everything but fenced blocks, and without brackets in code within lines. */
function prose(markdown: string): string {
  return withoutBlocks(markdown).replace(/`[^`\n]+`/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
}

/** Relative links and images, and links to headings of the same document. */
export function linksOf(markdown: string): string[] {
  return [...prose(markdown).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(
    ([, target]) => target!,
  );
}

/** The names by which GitHub links to headings. */
export function anchorsOf(markdown: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutBlocks(markdown).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => {
    const slug = heading!
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}
