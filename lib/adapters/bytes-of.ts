const none = Buffer.alloc(0);

/**
 * The bytes of a message, whatever the `binaryType` of its client has made of them. A `Blob` cannot be read at once; nothing that
 * this package reads comes in one.
 */
export function bytesOf(data: unknown): Buffer {
  if (data instanceof Uint8Array) {
    return data as Buffer;
  }
  if (Array.isArray(data)) {
    return Buffer.concat(data as Uint8Array[]);
  }
  return data instanceof ArrayBuffer ? Buffer.from(data) : none;
}
