const none = Buffer.alloc(0);

/**
 * The bytes of a message, whatever the `binaryType` of its client has made of them. A `Blob` cannot be read synchronously; nothing
 * that this package reads comes in one.
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

/** Bytes of what an application sends, in any form that `send()` of `ws` takes. */
export function sizeOf(data: unknown): number {
  if (typeof data === 'string' || typeof data === 'number') {
    return Buffer.byteLength(String(data));
  }
  const { byteLength, size, length } = data as Partial<ArrayBuffer & Blob & ArrayLike<unknown>>;
  return byteLength ?? size ?? length ?? 0;
}
