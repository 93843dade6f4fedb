import { isRecord, parseMessage } from '../protocol/message.js';
import { accepted, closedWith, failure, type Answer } from './answer.js';
import type { Dialogue } from './dialogue.js';
import { place, placesOfUpgrade, type PlaceNames, type Sending } from './place.js';

/** Packets of engine.io 4 and Socket.IO 5, by their first characters. */
const packets = { open: '0', connect: '40', refused: '44', disconnect: '41' } as const;

/**
 * Socket.IO over a WebSocket, in the four packets that authentication needs, so that no client has to be installed.
 *
 * @see {@link https://socket.io/docs/v4/socket-io-protocol/ The Socket.IO protocol}
 */
export class SocketIoDialogue implements Dialogue {
  readonly url: URL;
  readonly places;
  /** What stands before the payload: nothing in the root namespace. */
  readonly #namespace: string;

  /** The path of the address is the namespace, as for the official client. */
  constructor(address: URL, path: string, names: PlaceNames) {
    this.#namespace = address.pathname === '/' ? '' : `${address.pathname},`;
    this.url = new URL(address);
    this.url.protocol = address.protocol.replace('http', 'ws');
    this.url.pathname = path;
    this.url.searchParams.set('EIO', '4');
    this.url.searchParams.set('transport', 'websocket');
    const auth = place('fromFirstMessage()', (_, token) => ({
      message: JSON.stringify({ token }),
    }));
    this.places = [auth, ...placesOfUpgrade(names)];
  }

  opening(): string[] {
    return [];
  }

  reply(text: string, { message = '' }: Sending, token: string): Answer | string | undefined {
    if (text.startsWith(packets.open)) {
      return packets.connect + this.#namespace + message;
    }
    if (text.startsWith(packets.refused)) {
      return refusalIn(text.slice(text.indexOf('{')), token);
    }
    if (text.startsWith(packets.disconnect)) {
      return failure('41', 'disconnected');
    }
    return text.startsWith(packets.connect) ? accepted() : undefined;
  }
}

/** Other middleware refuses without a code, by a message of its own. */
function refusalIn(payload: string, token: string): Answer {
  const { data, message } = parseMessage(payload) ?? {};
  const { code, reason } = isRecord(data) ? data : {};
  return typeof code === 'number' && typeof reason === 'string'
    ? closedWith(code, reason, token)
    : closedWith(44, typeof message === 'string' ? message : 'connect_error', token);
}
