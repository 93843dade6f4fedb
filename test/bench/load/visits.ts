import { connect } from 'node:net';
import { countDoing } from './stay-awake.js';

/** A client that sends so many bytes, and is done. */
export interface Visit {
  readonly head: Uint8Array;
  /** What asks for a session after a 101. The frames wait for its acknowledgement. */
  readonly hello?: Uint8Array;
  /** What follows a 101, or the first answer of polling, whose session id takes the place of {@link sessionIdMark}. */
  readonly frames: Uint8Array;
}

/** Stands for the session id of polling. */
export const sessionIdMark = '{sid}';

/** The same visit, many times. */
export interface VisitPlan extends Visit {
  readonly port: number;
  readonly pid: number;
  readonly count: number;
}

/** The first answer to a client that may go on. */
const accepted = /^HTTP\/1\.1 (?:101|200[^]*"sid":"([^"]+)")/;

/** One visit after the other, each until the server has ended it. */
export async function visit(plan: VisitPlan): Promise<void> {
  for (let made = 0; made < plan.count; made += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await visitOnce(plan);
  }
}

/** The acknowledgements of Socket.IO and of graphql-ws. */
const acknowledged = /40\{"sid"|connection_ack/;

function visitOnce({ port, head: first, hello, frames }: VisitPlan): Promise<void> {
  return new Promise((resolve) => {
    let head = '';
    let answered = accepted;
    let next = hello ?? frames;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk: Buffer) => {
      countDoing();
      if (next.length > 0) {
        head += chunk.toString('latin1');
        const found = answered.exec(head);
        if (found) {
          socket.write(found[1] === undefined ? next : withSession(next, found[1]));
          next = next === hello ? frames : nothing;
          answered = acknowledged;
        }
      }
    });
    // A reset after a refusal is an end like any other.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.write(first);
  });
}

const nothing = Buffer.alloc(0);

function withSession(frames: Uint8Array, id: string): string {
  return Buffer.from(frames).toString('latin1').replace(sessionIdMark, id);
}
