import type { SocketData } from './web-socket.js';

/** Objects of another realm, such as a test environment, are no instances of the classes of this one. */
const binary = / (ArrayBuffer|Blob|File)\]/;

/**
 * Refuses what a WebSocket cannot send. Browsers would send `[object Object]`, and `ws` would throw when the socket opens.
 *
 * @throws {TypeError} for anything but text, an ArrayBuffer, a view of one, and a Blob.
 */
export function checkSendable(data: unknown): asserts data is SocketData {
  if (
    typeof data !== 'string' &&
    !ArrayBuffer.isView(data) &&
    !binary.test(Object.prototype.toString.call(data)) &&
    !(data instanceof Blob)
  ) {
    throw new TypeError('expected text or binary data');
  }
}

/** Size in bytes; text counts in UTF-8. */
export function byteLengthOf(data: SocketData): number {
  if (typeof data === 'string') {
    return utf8(data).length;
  }
  return 'size' in data ? data.size : data.byteLength;
}

/** The bytes that stand for a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
