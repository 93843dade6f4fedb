import type { AsyncResource } from 'node:async_hooks';
import type { RawData } from 'ws';
import type { Authenticated } from '../../authentication/authenticated.js';
import { renewalCredential } from '../../authentication/renewal-credential.js';
import type { Credential } from '../../credentials/credential.js';
import { messageFramingBytes } from '../../credentials/first-message.extractor.js';
import { eventMessageOf, outermostOf, sessionMessage } from '../../protocol/message.js';
import { refusedBy, type Refusal } from '../../protocol/refusal.js';
import type { Ending } from '../../sessions/live-session.js';
import type { Connection, NoticeData, SessionNotice } from '../connection.js';
import type { Peer } from '../peer.js';
import type { SessionContext } from '../session-context.js';
import { SessionLifecycle } from '../session-lifecycle.js';
import { closeInTurn, scheduleInSlices } from '../slices.js';
import { bytesBesideMessagesIn } from '../waiting-message-bytes.js';
import { bytesOf } from './bytes-of.js';
import { closeClient, closingOf, refuseClient } from './close-client.js';
import { closedGate, type CloseArgs, type Gate, type GatedWebSocket } from './gate.js';
import { answersPing } from './ping.js';

/** The gate of an authenticated socket: it is open exactly as long as the session lives. */
export class SessionGate implements Gate, Connection {
  readonly life: SessionLifecycle;

  constructor(
    readonly client: GatedWebSocket,
    context: SessionContext,
    peer: Peer,
    authenticated: Authenticated,
  ) {
    this.life = new SessionLifecycle(this, context, peer, authenticated);
  }

  get #policy(): SessionContext['policy'] {
    return this.life.context.policy;
  }

  get maxBufferedBytes(): number {
    return this.#policy.maxBufferedBytes;
  }

  get bytesBesideMessages(): number {
    return bytesBesideMessagesIn(this.life.peer.socket);
  }

  get sends(): boolean {
    return this.life.isOpen;
  }

  admits(client: GatedWebSocket, data: RawData, isBinary: boolean): boolean {
    if (!this.life.isOpen) {
      return false;
    }
    const bytes = bytesOf(data);
    if (answersPing(client, bytes, isBinary, this.#policy)) {
      return false;
    }
    return !this.#policy.renewals.matches(bytes) || !this.#renews(bytes, isBinary);
  }

  /** A listener of its own would cost each session more memory than all that a renewal shows to strategies. */
  keepsClose(client: GatedWebSocket, [code]: CloseArgs): boolean {
    client.wsAuthGate = closedGate;
    this.life.closed(code as number);
    return false;
  }

  fail(_client: GatedWebSocket, refusal: Refusal | undefined): void {
    const code = refusal && (this.#policy.closeCodes.get(refusal.closeCode) ?? refusal.closeCode);
    this.life.end({ why: 'failed', code, reason: refusal?.reason });
  }

  get recipients(): readonly [GatedWebSocket] {
    return this.clients;
  }

  get clients(): readonly [GatedWebSocket] {
    return [this.client];
  }

  get context(): AsyncResource | undefined {
    return this.client.wsAuthContext;
  }

  set context(context: AsyncResource | undefined) {
    this.client.wsAuthContext = context;
  }

  send(notice: SessionNotice, data: NoticeData): void {
    this.client.send(sessionMessage(this.#policy.events[notice], data));
  }

  end(ending: Ending): void {
    this.client.wsAuthGate = closedGate;
    const closing = closingOf(ending, this.#policy);
    closeInTurn(ending, () => closeClient(this.client, closing));
  }

  refuse(refusal: Refusal): void {
    this.client.wsAuthGate = closedGate;
    scheduleInSlices(() => refuseClient(this.client, refusal, this.#policy));
  }

  onClosed(callback: (code: number) => void): void {
    this.client.prependOnceListener('close', callback);
  }

  /**
   * Handles a message that names the event; returns false if it turns out to be no JSON. A message larger than a credential is
   * refused unparsed.
   */
  #renews(bytes: Buffer, isBinary: boolean): boolean {
    const { events, limits } = this.#policy;
    const isTooLarge = bytes.length > limits.maxCredentialBytes + messageFramingBytes;
    const text = isTooLarge ? '' : bytes.toString();
    if (!isTooLarge && eventMessageOf(outermostOf(text))?.event !== events.authenticate) {
      return false;
    }
    if (isBinary) {
      this.life.refuse(refusedBy('binary', 'ERR_WS_AUTH_UNSUPPORTED_DATA'));
    } else {
      this.life.authenticate(() =>
        isTooLarge ? refusedBy('size', 'ERR_WS_AUTH_CREDENTIAL_TOO_LARGE') : this.#read(text),
      );
    }
    return true;
  }

  #read(text: string): Credential | Refusal {
    return renewalCredential(text, this.#policy, this.life.renewedBy);
  }
}
