import type { FoundGateway } from './application.js';
import type { TestConnectOptions } from './connect.js';
import { areTimersFake } from './deadlines.js';
import { demandEffect } from './known-options.js';
import { NamedWebSocket, type OnKey } from './named-web-socket.js';
import type { OpenSessionWire } from './session-client.js';
import { loadClient } from './socket-io/load-client.js';
import { openIo } from './socket-io/open-io.js';

/** The socket of the gateway's transport. */
export async function wireFor(
  gateway: FoundGateway,
  options: TestConnectOptions,
  onKey: OnKey,
): Promise<OpenSessionWire> {
  const isSocketIo = gateway.namespace !== undefined;
  demandEffect(isSocketIo ? 'socket.io' : 'ws', options);
  const { path: _path, port: _port, namespace: _namespace, ...connecting } = options;
  const { query = {}, firstMessage, transports = ['websocket'], ...others } = connecting;
  const { timeoutMs: _timeoutMs, ...clientOptions } = others;
  // The certificate of an application under test is rarely issued by a trusted authority.
  const settings = { rejectUnauthorized: false, ...clientOptions };
  if (isSocketIo) {
    demandTimers(transports);
    const openClient = await loadClient();
    const { headers, origin, ...socketOptions } = settings;
    const sent = { ...headers, ...(origin !== undefined && { origin }) };
    const auth = firstMessage as object | undefined;
    const io = { gateway, query, auth, transports, headers: sent, socketOptions, onKey };
    return (receive) => openIo(openClient, io, receive);
  }
  const url = new URL(gateway.url);
  url.search = new URLSearchParams(query).toString();
  return (receive) => new NamedWebSocket(url, settings, receive, onKey);
}

/** In Node.js the official client passes on each event of a poll by a timer, which would never fire. */
function demandTimers(transports: readonly string[]): void {
  if (transports.includes('polling') && areTimersFake()) {
    throw new Error(
      "transports: polling needs timers that are not fake; use ['websocket'] in this test",
    );
  }
}
