import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectionKey } from '../connection-key.js';

/** An agent, with the method that its types leave out. */
interface AgentMembers {
  addRequest(request: ClientRequest, options: unknown): void;
}

/** What an agent reports of the requests of one client. */
export interface Observer {
  /** Called with the first connection, before its first byte is sent. */
  onKey(key: string): void;
  onResponse(response: IncomingMessage): void;
}

/**
 * Makes the agent of one client. It names the connection whose request opens the session: those of later polls have another one.
 *
 * @param options those of the sockets, such as certificates
 */
export function namingAgent(isSecure: boolean, options: object, observer: Observer): Agent {
  const agent = isSecure ? new TlsAgent(options) : new Agent(options);
  const createConnection = agent.createConnection.bind(agent);
  let isNamed = false;
  agent.createConnection = (...args) => {
    const socket = createConnection(...args);
    if (!isNamed && socket) {
      isNamed = true;
      nameWhenConnected(socket, observer);
    }
    return socket;
  };
  const members = agent as unknown as AgentMembers;
  const addRequest = members.addRequest.bind(agent);
  members.addRequest = (request, ...args) => {
    request.once('response', (response) => observer.onResponse(response));
    addRequest(request, ...args);
  };
  return agent;
}

function nameWhenConnected(socket: Duplex, observer: Observer): void {
  socket.once('connect', () => observer.onKey(connectionKey.ofClient(socket as Socket)));
}
