/** One change of a text. Everything around it stays, so that a diff shows this change alone. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applies edits that do not overlap, from the last to the first: an edit moves what is behind it. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  return edits
    .toSorted((one, other) => other.start - one.start)
    .reduce((result, { start, end, text: added }) => {
      return result.slice(0, start) + added + result.slice(end);
    }, text);
}

export function insertion(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

/** Removes a piece, and its lines where nothing else stands on them. */
export function removal(text: string, start: number, end: number): Edit {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  const to = newline === -1 ? text.length : newline + 1;
  const isAlone = text.slice(from, start).trim() === '' && text.slice(end, to).trim() === '';
  return isAlone ? { start: from, end: to, text: '' } : { start, end, text: '' };
}
