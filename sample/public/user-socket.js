import { connect } from './nestjs-ws-auth/client.js';
import { newToken } from './http.js';

/**
 * A socket of the user, which authenticates by its first message.
 *
 * `staysConnected` decides whether it may obtain a new token by itself: before its session ends, and after. `heard` receives
 * `session` (which session it is), `unreachable` (without a token or a session at present), `lost` (that session is over)
 * and `closed` (there will be no other session).
 */
export class UserSocket {
  /** Which session it is, while the server knows it. */
  sessionId;
  #mayAsk = true;

  constructor({ address, user, staysConnected, heard }) {
    this.staysConnected = staysConnected;
    this.heard = heard;
    this.socket = connect(address, { token: () => this.#newToken(user) });
    this.socket.addEventListener('open', () => this.#askWhoItIs());
    this.socket.addEventListener('message', ({ data }) => {
      const { event, data: session } = JSON.parse(data);
      if (event !== 'session') return;
      this.sessionId = session.sessionId;
      heard('session', session, this);
    });
    this.socket.addEventListener('waiting', (failure) => this.#lost(failure));
    this.socket.addEventListener('close', ({ code, reason }) => {
      heard('closed', { code, reason }, this);
    });
  }

  /** Sends a fresh token on the open socket. */
  renew() {
    this.#mayAsk = true;
    this.socket.renew();
  }

  get #mayRenew() {
    return this.#mayAsk || this.staysConnected();
  }

  #askWhoItIs() {
    this.socket.send(JSON.stringify({ event: 'session' }));
  }

  /**
   * A session was lost, or did not begin. `cause` is what `newToken` threw, or undefined: browsers hide why a connection
   * failed.
   */
  #lost({ code, reason, cause }) {
    const message = cause?.message || reason || 'the server is unreachable';
    if (this.sessionId) this.heard('lost', { code, reason }, this);
    else this.heard('unreachable', { message }, this);
    this.sessionId = undefined;
    // Another connection would need a token that it may not have.
    if (!this.#mayRenew) this.socket.close();
  }

  /** A function that throws leaves an open socket as it is; one that returns nothing closes it. */
  async #newToken(user) {
    if (!this.#mayRenew) {
      if (this.socket.readyState === this.socket.OPEN) throw new Error('not renewed');
      return undefined;
    }
    try {
      const token = await newToken(user);
      this.#mayAsk = false;
      return token;
    } catch (error) {
      this.heard('unreachable', error, this);
      throw error;
    }
  }
}
