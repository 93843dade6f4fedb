import { setImmediate as nextTurn } from 'node:timers/promises';

/** Items that are worked on in one turn of the event loop. */
const pieceSize = 200;

/** Time in milliseconds after which a piece ends, unless single items are cheap. */
const pieceMs = 4;

/**
 * Works on items in their order, in pieces between which the event loop serves others: a hundred thousand revocations that
 * are read again would otherwise hold it for seconds. One that fails stops no other. The first piece is done before this returns.
 *
 * @throws the first error, once all items have been worked on
 */
export async function inPieces<Item>(
  items: readonly Item[],
  work: (item: Item) => void,
  longestMs = pieceMs,
): Promise<void> {
  let endsAt = performance.now() + longestMs;
  let left = pieceSize;
  const errors: unknown[] = [];
  for (const item of items) {
    if (left === 0 || performance.now() >= endsAt) {
      await nextTurn();
      endsAt = performance.now() + longestMs;
      left = pieceSize;
    }
    try {
      work(item);
    } catch (error) {
      errors.push(error);
    }
    left -= 1;
  }
  if (errors.length > 0) {
    throw errors[0];
  }
}
