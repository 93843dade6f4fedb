import { handshake } from '../load/requests.js';
import { rawFrame, thenClose } from '../load/raw-frames.js';
import type { Visit } from '../load/visits.js';

/** Two messages of a guest that must cost about the same. */
export interface MessagePair {
  readonly label: string;
  /** A visit without a message, with the one, and with the other. */
  readonly visits: readonly [Visit, Visit, Visit];
  /** What the other may cost at most, as a multiple of the one. */
  readonly limit: number;
}

const head = Buffer.from(handshake({ target: '/guest' }));
const text = 'x'.repeat(1_000_000);

function visitWith(...messages: readonly string[]): Visit {
  return { head, frames: thenClose(...messages.map((message) => rawFrame(message))) };
}

function pair(label: string, other: string, limit = 1.3): MessagePair {
  const plain = visitWith(`{"event":"unknown","data":"${text}y"}`);
  return { label, visits: [visitWith(), plain, visitWith(other)], limit };
}

export const messagePairs: readonly MessagePair[] = [
  pair('guest: a megabyte of JSON with one backslash', `{"event":"unknown","data":"${text}\\n"}`),
  pair(
    'guest: a megabyte of JSON with one escape',
    `{"event":"unknown","data":"${text}\\u0061"}`,
    2,
  ),
  pair(
    'guest: a megabyte of JSON that names the event',
    `{"event":"unknown","data":"authenticate${text}"}`,
  ),
];
