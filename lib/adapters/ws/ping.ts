import type { Policy } from '../../policy/policy.js';
import type { GatedWebSocket } from './gate.js';

/**
 * Answers the ping of a client with its own text, and returns whether the message was one.
 *
 * A page cannot send ping frames. No handler, guard or parser runs, and nothing is counted: a client that looks whether its
 * server is still there must not be closed for it. Compared byte for byte, a ping costs less than any message.
 */
export function answersPing(
  client: GatedWebSocket,
  bytes: Buffer,
  isBinary: boolean,
  { ping }: Policy,
): boolean {
  if (bytes.length !== ping.length || isBinary || !bytes.equals(ping)) {
    return false;
  }
  client.send(ping, textFrame);
  return true;
}

const textFrame = Object.freeze({ binary: false });
