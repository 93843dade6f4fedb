/** Bytes of the head of a value whose first byte is 0xc0 to 0xdf, with everything that has a fixed size. */
const heads = Buffer.from(
  '01010101020305030406050902030509020305090304060a1202030503050305',
  'hex',
);

/** Bytes of the number that follows such a byte: of bytes, or of values. */
const widths = Buffer.from(
  '0000000001020401020400000000000000000000000000000001020402040204',
  'hex',
);

const firstArray = 0xdc;
const firstMap = 0xde;

/**
 * Whether a value in MessagePack announces no more than its bytes can hold. Decoders allocate a list when they read how long it is: three
 * bytes take half a megabyte, and eight kilobytes of them seconds and a gigabyte.
 *
 * Only sizes are checked: what is malformed otherwise is left to the decoder.
 *
 * @see {@link https://github.com/msgpack/msgpack/blob/master/spec.md MessagePack specification}
 */
export function holdsWhatItAnnounces(data: unknown): boolean {
  if (!ArrayBuffer.isView(data)) {
    return !(data instanceof ArrayBuffer) || holdsWhatItAnnounces(new Uint8Array(data));
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  // Values that have been announced and have not begun. Each has one byte at least.
  let awaited = 1;
  while (awaited > 0 && awaited <= view.byteLength - at) {
    const byte = view.getUint8(at);
    const head = heads[byte - 0xc0] ?? 1;
    if (at + head > view.byteLength) {
      return false;
    }
    const announced = numberIn(view, at, byte);
    at += head + (isText(byte) ? announced : 0);
    awaited += (isText(byte) ? 0 : announced) - 1;
    // The fields of a record of msgpackr stand behind its head, which is a value by itself.
    awaited ||= at < view.byteLength ? 1 : 0;
  }
  return awaited === 0 && at <= view.byteLength;
}

/** Bytes of a text, of binary or of an extension, or values of an array or a map; 0 for every other value. */
function numberIn(view: DataView, at: number, byte: number): number {
  if (byte < 0x80 || byte >= 0xe0) {
    return 0;
  }
  if (byte < 0xc0) {
    const mask = byte < 0xa0 ? 0x0f : 0x1f;
    return (byte & mask) * (byte < 0x90 ? 2 : 1);
  }
  const values = byte >= firstMap ? 2 : 1;
  switch (widths[byte - 0xc0]) {
    case 1:
      return view.getUint8(at + 1);
    case 2:
      return view.getUint16(at + 1) * values;
    case 4:
      return view.getUint32(at + 1) * values;
    default:
      return 0;
  }
}

/** Whether what the value announces are bytes, and not values. */
function isText(byte: number): boolean {
  return byte >= 0xa0 && byte < firstArray;
}

/** A packet that every parser of Socket.IO for MessagePack reads: `{ type: 0, nsp: '/', data: {} }`. */
const packet = Buffer.from('83a47479706500a36e7370a12fa46461746180', 'hex');

/** What a parser of the application has. */
interface Parser {
  readonly Decoder: new () => {
    on(event: 'decoded', listener: (packet: { readonly nsp?: unknown }) => void): unknown;
    add(data: unknown): unknown;
  };
}

/** Whether a parser of the application reads MessagePack, as `socket.io-msgpack-parser`. It is given a packet to find out. */
export function readsMessagePack(parser: unknown): boolean {
  let reads = false;
  try {
    const decoder = new (parser as Parser).Decoder();
    decoder.on('decoded', ({ nsp }) => (reads = nsp === '/'));
    decoder.add(packet);
  } catch {
    // It reads something else.
  }
  return reads;
}
