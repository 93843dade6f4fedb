import { connect, type WsAuthSocket } from 'nestjs-ws-auth/client';

/** Asks your own server, which knows by its cookie who is logged in. */
async function newToken(): Promise<string | undefined> {
  const answer = await fetch('/tokens', { method: 'POST' });
  if (answer.status === 401) {
    return undefined; // no user is logged in: the socket gives up
  }
  if (!answer.ok) {
    throw new Error(`no token: ${answer.status}`); // the socket tries again later
  }
  const { token } = (await answer.json()) as { token: string };
  return token;
}

export function chat(url: string, show: (words: string) => void): WsAuthSocket {
  const socket = connect(url, {
    token: newToken,
    onUnauthenticated: () => show('please log in'),
  });
  socket.addEventListener('message', ({ data }) => show(String(data)));
  socket.addEventListener('waiting', ({ delayMs }) => show(`offline, for ${delayMs} ms`));
  socket.send(JSON.stringify({ event: 'hello' })); // waits until the socket is authenticated
  return socket;
}
