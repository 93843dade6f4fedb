import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

interface Notepack {
  encode(value: unknown): Buffer;
  decode(data: unknown): unknown;
}

const { resolve } = createRequire(import.meta.url);

/** The encoder and decoder of `socket.io-msgpack-parser`, and of the adapter of Redis. */
export const notepack = createRequire(resolve('@socket.io/redis-adapter'))(
  'notepack.io',
) as Notepack;

/** A parser of Socket.IO as that of `socket.io-msgpack-parser`. */
export const messagePackParser: object = {
  Encoder: class {
    encode(packet: object): Buffer[] {
      return [notepack.encode(packet)];
    }
  },
  Decoder: class extends EventEmitter {
    add(data: unknown): void {
      this.emit('decoded', notepack.decode(data));
    }

    destroy(): void {}
  },
};
