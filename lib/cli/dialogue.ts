import type { Answer } from './answer.js';
import type { Place, Sending } from './place.js';

/** A transport, as a client that wants to know whether it has a session speaks it. */
export interface Dialogue {
  /** Where the upgrade goes. */
  readonly url: URL;
  /** The places of a credential that its servers can read. */
  readonly places: readonly Place[];
  /** What is sent when the connection is open. */
  opening(sending: Sending): readonly string[];
  /** What a text of the server means: the answer, something to send, or nothing that matters. */
  reply(text: string, sending: Sending, token: string): Answer | string | undefined;
}
