import { beforeNextEvent } from './before-next-event.js';
import { contain } from './contain.js';

/** The turn of one client: a message of it has been handed to its handler, which may have yet to begin. */
interface Turn {
  readonly owner: object;
  /** What hands on the messages that came meanwhile. */
  waiting: (() => void)[] | undefined;
  /** Of those, the one whose turn is next. */
  next: number;
}

/** Few at a time: a turn ends before the next chunk of any socket is read. */
const turns = new Map<object, Turn>();

/** Whether a message of this client is in its turn, so that the next one has to wait. */
export function isInTurn(owner: object): boolean {
  return turns.has(owner);
}

/**
 * Keeps a message of a client until the handler of the one before has begun, so that it meets the end of the session that this handler, or
 * its time, has brought. Nest begins a handler some promises after its message, and one chunk of the network holds thousands of messages.
 *
 * @param handOn hands the message on later, the way that it came
 */
export function waitForTurn(owner: object, handOn: () => void): void {
  const turn = turns.get(owner)!;
  (turn.waiting ??= []).push(handOn);
}

/** Begins the turn of a message that is about to be handed to handlers. */
export function beginTurn(owner: object): void {
  const turn: Turn = { owner, waiting: undefined, next: 0 };
  turns.set(owner, turn);
  process.nextTick(endUnlessAwaited, turn);
}

/** Hands on what waits, without waiting for handlers: the client has left, and its end comes after its messages. */
export function endTurns(owner: object): void {
  const { waiting = [], next = 0 } = turns.get(owner) ?? {};
  for (let index = next; index < waiting.length; index += 1) {
    turns.delete(owner);
    contain('a message', waiting[index]!);
  }
  turns.delete(owner);
}

/** Ticks come before promises, and after the last message of a chunk. Most chunks hold one message: their turns cost no promise. */
function endUnlessAwaited(turn: Turn): void {
  if (turn.waiting) {
    beforeNextEvent(() => end(turn));
  } else if (turns.get(turn.owner) === turn) {
    turns.delete(turn.owner);
  }
}

function end(turn: Turn): void {
  const { owner, waiting = [] } = turn;
  if (turns.get(owner) !== turn) {
    return;
  }
  turns.delete(owner);
  for (let index = turn.next; index < waiting.length; index += 1) {
    contain('a message', waiting[index]!);
    const begun = turns.get(owner);
    if (begun) {
      begun.waiting = waiting;
      begun.next = index + 1;
      return;
    }
  }
}
