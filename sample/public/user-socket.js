import { newToken } from './http.js';

/**
 * Opens a socket of the user and authenticates it by its first message. `heard` is told of
 * `session` (which session it is), `expiring` and `closed`.
 */
export async function openSocket({ address, user, heard }) {
  const token = await newToken(user);
  const socket = new UserSocket(address, user);
  const { websocket } = socket;
  websocket.addEventListener('open', () => {
    socket.send('authenticate', { token });
    socket.send('session');
  });
  websocket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data);
    socket.hear(message);
    heard(message.event, message.data, socket);
  });
  websocket.addEventListener('close', ({ code, reason }) => {
    heard('closed', { code, reason }, socket);
  });
  return socket;
}

class UserSocket {
  /** Which session it is, as soon as the server has told. */
  sessionId;

  constructor(address, user) {
    this.user = user;
    this.websocket = new WebSocket(address);
  }

  /** Sends a fresh token on the open socket: the same message as the first one. */
  async renew() {
    this.send('authenticate', { token: await newToken(this.user) });
  }

  send(event, data) {
    this.websocket.send(JSON.stringify({ event, data }));
  }

  hear({ event, data }) {
    if (event === 'session') this.sessionId = data.sessionId;
  }
}
