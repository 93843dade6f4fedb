import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import jwt from 'jsonwebtoken';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

// The client of kept-credentials.security-spec.ts: an isolate of its own, so that its strings are not those of the server.
const { port, way, key } = workerData;
const token = jwt.sign({ sub: 'alice', nonce: randomUUID() }, Buffer.from(key), {
  expiresIn: '1h',
});
const headers = { authorization: `Bearer ${token}` };
const origin = `ws://127.0.0.1:${port}`;
const lobby = `${origin}/lobby/of/this/house`;

/** Opens a socket, and waits for the answer to what it sends. */
const talk = (socket, ...texts) =>
  new Promise((resolve, reject) => {
    socket.on('open', () => texts.forEach((text) => socket.send(JSON.stringify(text))));
    socket.on('message', resolve).on('error', reject).on('close', reject);
  });

const connect = (options) =>
  new Promise((resolve, reject) => {
    const socket = io(`http://127.0.0.1:${port}`, { reconnection: false, ...options });
    socket.on('connect', resolve).on('connect_error', reject);
  });

const ways = {
  header: () => talk(new WebSocket(lobby, { headers }), { event: 'echo', data: 1 }),
  query: () => talk(new WebSocket(`${lobby}?token=${token}`), { event: 'echo', data: 1 }),
  cookie: () =>
    talk(
      new WebSocket(lobby, {
        headers: { cookie: `theme=dark-and-very-quiet; jwt=${token}` },
        origin: 'https://app.example.com',
      }),
      { event: 'echo', data: 1 },
    ),
  subprotocol: () =>
    talk(new WebSocket(lobby, ['chat.of.this.house', `bearer.${token}`]), {
      event: 'echo',
      data: 1,
    }),
  'first message': () => talk(new WebSocket(lobby), { event: 'authenticate', data: { token } }),
  'polling, auth': () => connect({ transports: ['polling'], auth: { token } }),
  'websocket, header': () => connect({ transports: ['websocket'], extraHeaders: headers }),
  'websocket, auth': () => connect({ transports: ['websocket'], auth: { token } }),
  graphql: () =>
    talk(new WebSocket(`${origin}/graphql`, 'graphql-transport-ws'), {
      type: 'connection_init',
      payload: { token },
    }),
};

await ways[way]();
// Bytes, since a text would become one of the server's strings.
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread has no origin
parentPort.postMessage(Buffer.from(token.split('.')[2]));
