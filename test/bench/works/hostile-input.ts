import type { Visit } from '../load/visits.js';

/** Something that a client can make as large as it likes, within the bounds that Node and this package set. */
export interface HostileInput {
  readonly label: string;
  /** The smallest of the three sizes; the largest is four times as large. */
  readonly size: number;
  readonly visit: (size: number) => Visit;
}

/** So many bytes of parts, each made of its number. */
export function fill(bytes: number, part: (index: number) => string): string {
  const parts: string[] = [];
  for (let length = 0, index = 0; length < bytes; index += 1) {
    const next = part(index);
    parts.push(next);
    length += next.length;
  }
  return parts.join('').slice(0, bytes);
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A text that has the form of a JWT, and that no strategy accepts. */
export const jwtShaped = `${base64('{"alg":"none"}')}.${base64('{"a":1}')}.x`.replaceAll('=', '');
