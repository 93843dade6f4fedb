import { connect } from 'node:net';
import { countDoing } from './stay-awake.js';

/** A client that sends so many bytes, and is done. */
export interface Visit {
  readonly head: Uint8Array;
  /** What follows a 101. */
  readonly frames: Uint8Array;
}

/** The same visit, many times. */
export interface VisitPlan extends Visit {
  readonly port: number;
  readonly pid: number;
  readonly count: number;
}

const accepted = Buffer.from('HTTP/1.1 101');

/** One visit after the other, each until the server has ended it. */
export async function visit(plan: VisitPlan): Promise<void> {
  for (let made = 0; made < plan.count; made += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await visitOnce(plan);
  }
}

function visitOnce({ port, head, frames }: VisitPlan): Promise<void> {
  return new Promise((resolve) => {
    let isFirst = true;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk: Buffer) => {
      countDoing();
      if (isFirst && chunk.subarray(0, accepted.length).equals(accepted)) {
        socket.write(frames);
      }
      isFirst = false;
    });
    // A reset after a refusal is an end like any other.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.write(head);
  });
}
