import {
  connect,
  firstMessage,
  queryParam,
  subprotocol,
  userInfo,
} from './nestjs-ws-auth/client.js';
import { createClient } from './graphql-ws/client.js';
import { newTicket } from './http.js';
import { answerFrom, hiddenIframe } from './iframe.js';
import { io } from './socket.io-client/socket.io.esm.min.js';
import { ofGraphql, ofSocketIo } from './sockets.js';

/** A tile shows how one attempt ends. Some browsers hold it back for long, after a refusal. */
const once = { maxFailures: 1, timeoutMs: 30_000 };

/**
 * The ways a page can authenticate a WebSocket. Each tile shows the source of `open`, so the code a
 * reader sees is the code that ran.
 */
export const ways = [
  {
    id: 'first-message',
    title: 'First message',
    extractor: 'fromFirstMessage',
    address: 'ws://{server}/',
    port: 1,
    summary:
      'Reliable in every browser, and the token stays out of every log. The connection is open before the server knows who is there.',
    open({ token, server }) {
      const websocket = connect(`ws://${server}/`, {
        token: () => token,
        via: firstMessage({ format: 'raw' }),
        ...once,
      });
      return websocket;
    },
  },
  {
    id: 'query-param',
    title: 'Query parameter',
    extractor: 'fromQueryParam',
    address: 'ws://{server}/?token=…',
    port: 2,
    summary:
      'Works in every browser, before the connection opens. Addresses end up in logs, so a ticket that works once replaces the token.',
    open({ token, server }) {
      const websocket = connect(`ws://${server}/`, {
        token: () => newTicket(token),
        via: queryParam(),
        ...once,
      });
      return websocket;
    },
  },
  {
    id: 'cookie',
    title: 'Cookie',
    extractor: 'fromCookie',
    address: 'ws://{server}{path}',
    port: 3,
    summary:
      'A page cannot set a cookie for another origin. A hidden iframe of that origin can: it takes the token and has it stored out of reach of scripts.',
    // By hand: the client asks the bridge by fetch, and by this iframe only where a page may not.
    async open({ token, server, path }) {
      const iframe = await hiddenIframe(`http://${server}/bridge`);
      iframe.contentWindow.postMessage(token, `http://${server}`);
      await answerFrom(iframe);
      const websocket = new WebSocket(`ws://${server}${path}`);
      return websocket;
    },
  },
  {
    id: 'basic',
    title: 'HTTP Basic',
    extractor: 'fromAuthorizationHeader',
    address: 'ws://{user}:…@{server}/',
    port: 4,
    summary:
      'Name and token in the URL. Chromium behaves. Firefox answers with the token it used before, so every other attempt fails; Safari may ignore it.',
    // By hand: the client has no such way, for the reason in the summary.
    open({ user, token, server }) {
      const name = encodeURIComponent(user);
      const address = `ws://${name}:${token}@${server}/`;
      const websocket = new WebSocket(address);
      return websocket;
    },
  },
  {
    id: 'user-info',
    title: 'User information',
    extractor: 'fromUserInfo',
    address: 'ws://…:x@{server}/',
    port: 5,
    summary:
      'The token takes the place of the user name. Each token is a new name to the browser, so Firefox has no old password to confuse it with.',
    open({ token, server }) {
      const websocket = connect(`ws://${server}/`, {
        token: () => token,
        via: userInfo(),
        ...once,
      });
      return websocket;
    },
  },
  {
    id: 'subprotocol',
    title: 'Subprotocol',
    extractor: 'fromSubprotocol',
    address: 'ws://{server}{path}',
    port: 6,
    summary:
      'The one header of the handshake that a page can set. The token travels beside a real subprotocol, and only that one is answered.',
    open({ token, server, path }) {
      const websocket = connect(`ws://${server}${path}`, {
        token: () => token,
        via: subprotocol(),
        protocols: 'chat',
        ...once,
      });
      return websocket;
    },
  },
  {
    id: 'combined',
    title: 'All of them on one endpoint',
    extractor: 'all of the above',
    address: 'ws://{server}/ws',
    port: 0,
    summary:
      'A gateway can accept all ways, in Nest’s own message format. Its whoami event answers who is connected, and which extractor found the credential.',
    conversation: 'whoami',
    open({ token, server }) {
      const websocket = connect(`ws://${server}/ws`, {
        token: () => token,
        via: subprotocol(),
        ...once,
      });
      websocket.send(JSON.stringify({ event: 'whoami' }));
      return websocket;
    },
  },
  {
    id: 'socket-io',
    title: 'Socket.IO',
    extractor: 'fromFirstMessage',
    address: 'http://{server}/',
    port: 7,
    summary:
      'The official client, by polling and then by WebSocket. The token travels in its first packet, and the page can read why it was refused.',
    adapt: ofSocketIo,
    open({ token, server }) {
      const websocket = io(`http://${server}`, {
        auth: { token },
        reconnection: false,
      });
      return websocket;
    },
  },
  {
    id: 'graphql',
    title: 'GraphQL subscription',
    extractor: 'fromFirstMessage',
    address: 'ws://{server}/graphql',
    port: 0,
    summary:
      'The official client of graphql-ws. The token travels in connection_init, and the resolver greets the user of the session.',
    conversation: 'subscription',
    adapt: ofGraphql,
    open({ token, server }) {
      const websocket = createClient({
        url: `ws://${server}/graphql`,
        connectionParams: { token },
        retryAttempts: 0,
      });
      return websocket;
    },
  },
];
