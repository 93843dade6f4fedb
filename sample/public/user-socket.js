import { connect } from './nestjs-ws-auth/client.js';
import { newToken } from './http.js';

/**
 * A socket of the user, which authenticates by its first message.
 *
 * `staysConnected` says whether it may have a new token by itself: before its session ends, and after. `heard` is told of
 * `session` (which session it is), `unreachable` (no token could be had), `lost` (that session is over) and `closed`.
 */
export class UserSocket {
  /** Which session it is, as soon as the server has told. */
  sessionId;
  #mayAsk = true;

  constructor({ address, user, staysConnected, heard }) {
    this.socket = connect(address, { token: () => this.#newToken(user, staysConnected) });
    this.socket.addEventListener('open', () => this.#askWhoItIs());
    this.socket.addEventListener('message', ({ data }) => {
      const { event, data: session } = JSON.parse(data);
      if (event !== 'session') return;
      this.sessionId = session.sessionId;
      heard('session', session, this);
    });
    this.socket.addEventListener('waiting', ({ code, reason, cause }) => {
      if (cause) heard('unreachable', cause, this);
      else heard('lost', { code, reason }, this);
      this.sessionId = undefined;
    });
    this.socket.addEventListener('close', ({ code, reason }) => {
      heard('closed', { code, reason }, this);
    });
  }

  /** Sends a fresh token on the open socket. */
  renew() {
    this.#mayAsk = true;
    this.socket.renew();
  }

  #askWhoItIs() {
    this.socket.send(JSON.stringify({ event: 'session' }));
  }

  /** Without a token an open socket is left alone, and a lost one does not come back. */
  async #newToken(user, staysConnected) {
    if (!this.#mayAsk && !staysConnected()) {
      if (this.socket.readyState === this.socket.OPEN) throw new Error('not renewed');
      return undefined;
    }
    const token = await newToken(user);
    this.#mayAsk = false;
    return token;
  }
}
