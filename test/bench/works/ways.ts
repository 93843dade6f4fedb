import type { Dialogue, Turn } from '../load/dialogue.js';
import { bearerField, credentialMark, handshake } from '../load/requests.js';

/** How clients of a protocol talk: what they send to connect, and how they write messages. */
export interface Way {
  readonly dialogue: Dialogue;
  /** A message of 64 bytes that is answered by the same; a subscription for GraphQL. */
  readonly echo: Turn;
  /** `{n}` stands for its number. Absent where the protocol forbids messages before the answer to the credential. */
  readonly early?: string;
}

const echo: Turn = { send: padded('{"event":"echo","data":"', '"}'), reply: 'echo' };
const early = '{"event":"early","data":{n}}';
const authenticate: Turn = {
  send: `{"event":"authenticate","data":{"token":"${credentialMark}"}}`,
  reply: 'authenticated',
};

/** A token in the header of the upgrade. */
export const byUpgrade = nestWay(handshake({ fields: [bearerField] }), []);

/** A token in the first message. */
export const byFirstMessage = nestWay(handshake(), [authenticate]);

/** A ticket in the query. */
export const byTicket = nestWay(handshake({ target: `/?ticket=${credentialMark}` }), []);

/** Socket.IO over engine.io: a greeting, a connect packet, then events. */
export const bySocketIo: Way = {
  dialogue: {
    handshake: handshake({
      target: '/socket.io/?EIO=4&transport=websocket',
      fields: [bearerField],
    }),
    greeting: '0{',
    turns: [{ send: '40', reply: '40{' }],
    outcome: 'done',
  },
  echo: { send: padded('42["echo","', '"]'), reply: 'echo' },
  early: '42["early",{n}]',
};

/** A token in `connection_init`, and a subscription that delivers one text. */
export const byGraphql: Way = {
  dialogue: {
    handshake: handshake({
      target: '/graphql',
      fields: ['Sec-WebSocket-Protocol: graphql-transport-ws'],
    }),
    turns: [
      {
        send: `{"type":"connection_init","payload":{"token":"${credentialMark}"}}`,
        reply: 'connection_ack',
      },
    ],
    outcome: 'done',
  },
  echo: {
    send: '{"id":"1","type":"subscribe","payload":{"query":"subscription{greeting}"}}',
    reply: 'Hello',
  },
};

function nestWay(request: string, turns: readonly Turn[]): Way {
  return { dialogue: { handshake: request, turns, outcome: 'done' }, echo, early };
}

function padded(head: string, tail: string): string {
  return head + 'x'.repeat(64 - head.length - tail.length) + tail;
}
