import { hasControlCharacter } from '../protocol/header-syntax.js';

/** User name and password of HTTP Basic. */
export interface BasicCredentials {
  readonly username: string;
  readonly password: string;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
/**
 * More marks on one character than the Stream-Safe Text Format allows. Normalisation sorts the marks of a character, in time that
 * grows with their square.
 *
 * @see {@link https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format UAX #15}
 */
const tooManyMarks = /\p{M}{31}/u;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether the value has the alphabet and the padding of base64; `Buffer.from` would accept anything. */
export function isBase64(value: string): boolean {
  return value !== '' && base64.test(value);
}

/**
 * Decodes the value behind `Basic `, or returns `undefined`: the first colon separates, both parts are UTF-8 without
 * control characters, and without more than 30 marks on one character. They are normalised to NFC, as the challenge's
 * `charset="UTF-8"` announces.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7617#section-2 RFC 7617 §2}
 */
export function decodeBasic(encoded: string): BasicCredentials | undefined {
  const text = decodeUtf8(encoded);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon === -1 || hasControlCharacter(text) || tooManyMarks.test(text)) {
    return undefined;
  }
  return {
    username: text.slice(0, colon).normalize('NFC'),
    password: text.slice(colon + 1).normalize('NFC'),
  };
}

function decodeUtf8(encoded: string): string | undefined {
  if (!isBase64(encoded)) {
    return undefined;
  }
  try {
    return utf8.decode(Buffer.from(encoded, 'base64'));
  } catch {
    return undefined;
  }
}
