import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { codesIn, runCommand, type Printed } from '../support/terminal.js';
import { tokenOf } from '../support/tokens.js';

const token = tokenOf('alice');

function tryAt(url: string, ...args: string[]): Promise<Printed> {
  return runCommand(['try', url, ...args, '--in-url'], { env: { WS_AUTH_TOKEN: token } });
}

const patient = ['--timeout', '60000'];

/** Forms of the token that are not to be found. */
const traces = [token.slice(0, 20), Buffer.from(token).toString('base64').slice(0, 20)];

describe('npx nestjs-ws-auth try, at a server of another kind', () => {
  it.each([
    ['text/plain', '(not printed: it repeats the credential)'],
    ['text/html', 'Not Found'],
  ])('prints no credential that the server repeats as %s', async (type, text) => {
    await using server = await listen((request, socket) => {
      const body = `Cannot GET ${request.url} ${JSON.stringify(request.headers)}`;
      socket.end(`${head(type)}Content-Length: ${body.length}\r\n\r\n${body}`);
    });
    const { stdout } = await tryAt(server.url, ...patient);
    expect(stdout).toContain(`fromAuthorizationHeader()            404        ${text}`);
    expect(traces.filter((trace) => stdout.includes(trace))).toEqual([]);
  });

  it('prints no credential that the server repeats in its close frame', async () => {
    await using server = await accept((socket, { headers }) => {
      socket.close(4000, (headers.authorization ?? 'nothing').slice(0, 100));
    });
    const { stdout } = await tryAt(server.url, ...patient);
    expect(stdout).toContain('4000       nothing');
    expect(stdout).toContain('4000       (not printed: it repeats the credential)');
    expect(traces.filter((trace) => stdout.includes(trace))).toEqual([]);
  });

  it.each([
    ['does not end', (socket: Socket) => void socket.write('x'.repeat(2_000))],
    ['breaks off', (socket: Socket) => socket.end('x')],
  ])('prints the status of a response whose body %s', async (_, send) => {
    await using server = await listen((_request, socket) => {
      socket.write(`${head('text/plain')}Content-Length: 4000\r\n\r\n`);
      send(socket);
    });
    expect(codesIn(await tryAt(server.url, ...patient))).toMatchObject({ 'fromUserInfo()': '404' });
  });

  it('stops if the server does not answer', async () => {
    await using server = await listen(() => undefined);
    const printed = await tryAt(server.url, '--timeout', '100');
    expect(codesIn(printed)).toEqual({ 'without a credential': 'no answer' });
  });

  it.each([
    [503, 1],
    [429, 1],
    [401, 8],
  ])(
    'goes on after a refusal with %i only if it concerns one attempt',
    async (status, attempts) => {
      await using server = await listen((_request, socket) => {
        socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\n\r\n`);
      });
      const codes = Object.values(codesIn(await tryAt(server.url, ...patient)));
      expect(codes).toEqual(Array.from({ length: attempts }, () => String(status)));
    },
  );

  it.each([
    ['44{"message":"no seat"}', '44', 'no seat'],
    ['44/chat,{"message":"no seat"}', '44', 'no seat'],
    ['44{}', '44', 'connect_error'],
    ['41', '41', 'disconnected'],
  ])('reads the packet %s of another server of Socket.IO', async (packet, code, text) => {
    const urls: string[] = [];
    await using server = await accept((socket, { url = '' }) => {
      urls.push(url);
      socket.on('message', () => socket.send(packet));
      socket.send('0{"sid":"1"}');
    });
    const args = ['--path', '/io', ...patient];
    const { stdout } = await tryAt(server.url.replace('ws', 'http'), ...args);
    expect(stdout).toMatch(new RegExp(`without a credential +${code} +${text}\n`));
    expect(urls[0]).toBe('/io?EIO=4&transport=websocket');
  });

  it('leaves no connection open', async () => {
    const closed: Promise<unknown>[] = [];
    await using server = await accept((socket) => {
      closed.push(once(socket, 'close'));
      socket.on('message', (data: Buffer) => socket.send(data.toString()));
    });
    await tryAt(server.url, ...patient);
    expect(await Promise.all(closed)).toHaveLength(8);
  });
});

const head = (type: string) => `HTTP/1.1 404 Not Found\r\nContent-Type: ${type}\r\n`;

/** A server that accepts every WebSocket. */
function accept(connected: (socket: WebSocket, request: IncomingMessage) => void) {
  const sockets = new WebSocketServer({ noServer: true });
  return listen((request, socket, rest) => sockets.handleUpgrade(request, socket, rest, connected));
}

/** A server that answers upgrades in its own way. */
async function listen(answer: (request: IncomingMessage, socket: Socket, rest: Buffer) => void) {
  const http = createServer().on('upgrade', answer);
  const connections = new Set<Socket>();
  http.on('connection', (connection) => connections.add(connection));
  await once(http.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      connections.forEach((connection) => connection.destroy());
      await once(http.close(), 'close');
    },
  };
}
