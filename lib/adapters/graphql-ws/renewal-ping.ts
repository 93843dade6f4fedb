import {
  eventMessageOf,
  isRecord,
  outermostOf,
  type EventMessage,
} from '../../protocol/message.js';

const ping = Buffer.from('"ping"');
const escape = Buffer.from('\\u');

/**
 * The message in a `ping` of the client, or `undefined` for every other message. Large messages are not parsed. Its data is as the client sent
 * it, and not checked.
 */
export function pingOf(bytes: Buffer, maxBytes: number): EventMessage | undefined {
  if (bytes.length > maxBytes || !(bytes.includes(ping) || bytes.includes(escape))) {
    return undefined;
  }
  const { type, payload } = outermostOf(bytes.toString()) ?? {};
  return type === 'ping' && isRecord(payload) ? eventMessageOf(payload) : undefined;
}

/**
 * Whether a message begins as a renewal does that clients write with {@link pingMessageOf}. Large ones are recognised by this alone:
 * graphql-ws would echo the token, and show it to hooks.
 */
export function beginsRenewal(bytes: Buffer, event: string): boolean {
  const beginning = Buffer.from(pingMessageOf(event, undefined).slice(0, -2));
  return bytes.subarray(0, beginning.length).equals(beginning);
}

/** A `ping` of the server that holds a message. */
export function pingMessageOf(event: string, data: unknown): string {
  return JSON.stringify({ type: 'ping', payload: { event, data } });
}

/** The answer to a `ping`, without its payload: that holds a token. */
export const pong = JSON.stringify({ type: 'pong' });
