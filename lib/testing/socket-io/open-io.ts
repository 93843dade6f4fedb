import type { IncomingMessage } from 'node:http';
import { defaultEventNames } from '../../protocol/message.js';
import type { FoundGateway } from '../application.js';
import type { Receive } from '../wire.js';
import { IoWire } from './io-wire.js';
import type { OpenClient } from './load-client.js';
import { namingAgent } from './naming-agent.js';

/** How a client of Socket.IO connects. */
export interface IoConnecting {
  readonly gateway: FoundGateway;
  readonly query: Readonly<Record<string, string>>;
  /** Payload of the CONNECT packet. */
  readonly auth: object | undefined;
  readonly transports: readonly string[];
  readonly headers: Readonly<Record<string, unknown>>;
  /** Options of the sockets, such as certificates. */
  readonly socketOptions: object;
  /** Called with the key of the connection, before its first byte is sent. */
  readonly onKey: (key: string) => void;
}

/** Opens the official client, in a connection of its own and once: a client that comes back by itself hides how it has ended. */
export function openIo(
  open: OpenClient,
  { gateway, query, auth, transports, headers, socketOptions, onKey }: IoConnecting,
  receive: Receive,
): IoWire {
  const { url, namespace, server } = gateway;
  let lastResponse: IncomingMessage | undefined;
  const onResponse = (response: IncomingMessage) => (lastResponse = response);
  const agent = namingAgent(url.protocol === 'https:', socketOptions, { onKey, onResponse });
  const socket = open(url.origin + namespace, {
    ...socketOptions,
    path: url.pathname,
    query,
    ...(auth && { auth }),
    transports,
    extraHeaders: headers,
    agent,
    forceNew: true,
    reconnection: false,
    autoConnect: false,
  });
  const events = server?.context.policy.events ?? defaultEventNames;
  return new IoWire(
    { socket, events, presents: auth !== undefined, lastResponse: () => lastResponse },
    receive,
  );
}
