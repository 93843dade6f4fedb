/**
 * A copy of a text of ASCII or Latin-1 that shares no memory with another one. V8 keeps the whole text that a part was cut from, such
 * as a URL with its token, for as long as the part lives; and all parts of a text that was joined.
 */
export function ownCopy(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
