import {
  defaultEventNames,
  eventMessage,
  isRecord,
  parseEventMessage,
  pingMessage,
} from '../protocol/message.js';
import { accepted, type Answer } from './answer.js';
import type { Dialogue } from './dialogue.js';
import {
  place,
  placesOfUpgrade,
  placesOfWebSocket,
  type PlaceNames,
  type Sending,
} from './place.js';

/** Only a client with a session receives an answer to it: PROTOCOL.md, "Is the other end still there?". */
const ping = pingMessage(defaultEventNames);

/** Native WebSockets. A 101 alone proves nothing: the client may have to send its first message. */
export class WebSocketDialogue implements Dialogue {
  readonly places;

  constructor(
    readonly url: URL,
    names: PlaceNames,
  ) {
    const firstMessages = [
      place('fromFirstMessage()', (_, token) => ({
        message: eventMessage(defaultEventNames.authenticate, { token }),
      })),
      place("fromFirstMessage({ format: 'raw' })", (_, token) => ({ message: token })),
    ];
    const [header, ...others] = placesOfUpgrade(names);
    this.places = [header!, ...firstMessages, ...others, ...placesOfWebSocket(names)];
  }

  opening({ message }: Sending): string[] {
    return message === undefined ? [ping] : [message, ping];
  }

  reply(text: string): Answer | undefined {
    if (text === ping) {
      return accepted();
    }
    const { event, data } = parseEventMessage(text) ?? {};
    return event === defaultEventNames.authenticated ? accepted(endIn(data)) : undefined;
  }
}

function endIn(data: unknown): number | undefined {
  const { expiresAt } = isRecord(data) ? data : {};
  return typeof expiresAt === 'number' ? expiresAt : undefined;
}
