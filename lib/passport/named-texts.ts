import type { NamedText } from '../credentials/jwt-pieces.js';

/** All texts of a value, however deep it is, each by the name of its field. An entry of a list has the name of the list and its place. */
export function namedTextsIn(value: unknown): NamedText[] {
  const found: NamedText[] = [];
  const left: [name: string, value: unknown][] = [['', value]];
  while (left.length > 0) {
    const [name, next] = left.pop()!;
    if (typeof next === 'string') {
      found.push([name, next]);
    } else if (typeof next === 'object' && next !== null) {
      const prefix = Array.isArray(next) ? name : '';
      Object.entries(next).forEach(([key, field]) => left.push([prefix + key, field]));
    }
  }
  return found;
}

/** All texts of a value, however deep it is, and the names of its fields. */
export function textsIn(value: unknown): string[] {
  const found: string[] = [];
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string') {
      found.push(next);
    } else if (typeof next === 'object' && next !== null) {
      for (const [name, field] of Object.entries(next)) {
        left.push(name, field);
      }
    }
  }
  return found;
}
