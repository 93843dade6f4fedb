import type { Deadlines } from './deadlines.js';
import type { Frame } from './wire.js';

/** A pending request for a frame. */
interface Waiting {
  resolve(frame: Frame): void;
  reject(reason: Error): void;
}

/** Keeps frames in order until they are requested, and requests until frames arrive. */
export class FrameQueue {
  readonly #frames: Frame[] = [];
  readonly #waiting: Waiting[] = [];
  #end: Error | undefined;

  constructor(private readonly deadlines: Deadlines) {}

  get unread(): readonly Frame[] {
    return this.#frames;
  }

  push(frame: Frame): void {
    const waiting = this.#waiting.shift();
    if (waiting) {
      waiting.resolve(frame);
    } else {
      this.#frames.push(frame);
    }
  }

  /** Ends the queue: no frame will follow. What has arrived can still be read. */
  end(reason: Error): void {
    this.#end = reason;
    this.#waiting.splice(0).forEach((waiting) => waiting.reject(reason));
  }

  /** The next frame; rejects with the end, and with the error when it takes too long. */
  next(late: Error): Promise<Frame> {
    const frame = this.#frames.shift();
    if (frame) {
      return Promise.resolve(frame);
    }
    return this.#end ? Promise.reject(this.#end) : this.#wait(late);
  }

  #wait(late: Error): Promise<Frame> {
    const arrived = new Promise<Frame>((resolve, reject) => {
      const waiting = { resolve, reject };
      this.#waiting.push(waiting);
      const stop = this.deadlines.start(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(late);
      });
      waiting.resolve = (frame) => {
        stop();
        resolve(frame);
      };
      waiting.reject = (reason) => {
        stop();
        reject(reason);
      };
    });
    return arrived;
  }
}
