/**
 * The known name that a misspelt one most likely means, or `undefined`.
 *
 * Case does not count, and neither does what stands before the last dot of a known name: `ttlMs` means `tickets.ttlMs`.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const typed = name.slice(0, 64).toLowerCase();
  const candidates = known.map((candidate) => {
    const last = candidate.slice(candidate.lastIndexOf('.') + 1).toLowerCase();
    return { candidate, last, distance: editDistance(typed, last) };
  });
  const farthest = Math.max(2, Math.floor(typed.length / 3));
  const [closest] = candidates.toSorted((one, other) => one.distance - other.distance);
  return closest && closest.distance <= farthest
    ? closest.candidate
    : candidates.find(({ last }) => typed.length > 3 && last.includes(typed))?.candidate;
}

/** Insertions, deletions and substitutions that turn one text into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substituted = row[j - 1]! + Number(from[i - 1] !== to[j - 1]);
      next.push(Math.min(substituted, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
