import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketGateway } from '@nestjs/websockets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  type WsAuthRejection,
} from '../../lib/index.js';
import { ioTransports, startIo, type IoApp } from '../socket-io/support/io-app.js';
import { IoEcho } from '../socket-io/support/io-gateways.js';
import type { BrowserWindow } from '../support/browser/browser-window.js';
import { engines } from '../support/browser/engines.js';
import { patient } from '../support/patience.js';
import { tokenOf } from '../support/tokens.js';

/** What the page sees of an attempt. */
interface PageView {
  readonly user?: string;
  readonly message?: string;
  readonly data?: { readonly code: number; readonly reason: string };
  /** Of a refusal by HTTP in polling: its status and its text. */
  readonly status?: number;
  readonly text?: string;
}

/** Connects and asks `whoami`: an expression for the page. */
function connecting(origin: string, options: object): string {
  return `import(${JSON.stringify(`${origin}/socket.io/socket.io.esm.min.js`)}).then(({ io }) => new Promise((resolve) => {
    const options = { forceNew: true, reconnection: false, ...${JSON.stringify(options)} };
    const socket = io(${JSON.stringify(origin)}, options);
    socket.on('connect', async () => {
      const { user } = await socket.emitWithAck('whoami');
      socket.disconnect();
      resolve({ user });
    });
    socket.on('connect_error', ({ message, data, description, context }) => {
      const status = typeof description === 'number' ? description : 0;
      resolve({ message, status, ...(data && { data }), text: context?.responseText ?? '' });
      socket.disconnect();
    });
  }))`;
}

function answerPage(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Content-Type', 'text/html');
  response.end('<!doctype html><title>A page</title>');
}

@WebSocketGateway({ cors: { origin: true, credentials: true } })
class PageGateway extends IoEcho {}

/** Browsers take longer to start than other tokens live. */
const token = tokenOf('alice', { exp: Math.floor(Date.now() / 1_000) + 3_600 });

function start(rejection: WsAuthRejection): Promise<IoApp> {
  return startIo(
    {
      rejection,
      credentials: [
        fromAuthorizationHeader({ schemes: ['Bearer'] }),
        fromCookie('token'),
        fromFirstMessage(),
      ],
    },
    [PageGateway],
    { prepare: (nest) => nest.use('/page', answerPage) },
  );
}

const originOf = ({ port }: { readonly port: number }) => `http://localhost:${port}`;

const installed = engines.filter((engine) => engine.installed());

describe.each(installed)('13: Socket.IO in $name', { timeout: patient(60_000) }, ({ open }) => {
  let app: IoApp;
  let strict: IoApp;
  let others: Server;
  let window: BrowserWindow;
  const connect = (to: IoApp, options: object) =>
    window.evaluate<PageView>(connecting(originOf(to), options));

  beforeAll(async () => {
    others = createServer(answerPage).listen(0, '127.0.0.1');
    await once(others, 'listening');
    [app, strict] = await Promise.all([start('auto'), start('http')]);
    window = await open();
  }, 300_000);
  afterAll(async () => {
    await window?.[Symbol.asyncDispose]();
    others?.close();
    await Promise.all([app, strict].map((each) => each?.[Symbol.asyncDispose]()));
  });

  /** A page of the server itself, with or without a cookie. */
  async function ownPage(of: IoApp, cookie: string): Promise<void> {
    await window.go(`${originOf(of)}/page`);
    const age = cookie === '' ? 0 : 60;
    await window.evaluate(`document.cookie = 'token=${cookie}; path=/; max-age=${age}'`);
  }

  it.each(ioTransports)(
    'a good `auth` connects, a forged one is readable, by %s',
    async (transport) => {
      await ownPage(app, '');
      const transports = [transport];
      expect(await connect(app, { transports, auth: { token } })).toEqual({ user: 'alice' });
      const forged = await connect(app, { transports, auth: { token: 'forged' } });
      expect(forged.data).toMatchObject({ code: 3000, reason: 'credential rejected' });
    },
  );

  it('the transports follow one another, from polling to a WebSocket', async () => {
    await ownPage(app, '');
    expect(await connect(app, { auth: { token } })).toEqual({ user: 'alice' });
  });

  it.each(ioTransports)('the cookie of the same origin connects, by %s', async (transport) => {
    await ownPage(app, token);
    expect(await connect(app, { transports: [transport] })).toEqual({ user: 'alice' });
  });

  it.each(ioTransports)(
    'a page of another origin is refused with the cookie, by %s',
    async (transport) => {
      await ownPage(app, token);
      const { port } = others.address() as AddressInfo;
      await window.go(`http://localhost:${port}/`);
      const options = { transports: [transport], withCredentials: true };
      // Its cookie counts as none, since a payload may follow.
      const { user, data } = await connect(app, options);
      expect(user).toBeUndefined();
      expect(data).toMatchObject({ code: 3003 });
      const refused = await connect(strict, options);
      expect(refused.user).toBeUndefined();
      expect(refused.status).toBe(transport === 'polling' ? 403 : 0);
    },
  );

  it('a page reads the status and the text of a refused poll', async () => {
    await ownPage(strict, '');
    const refused = await connect(strict, {
      transports: ['polling'],
      extraHeaders: { Authorization: 'Bearer forged' },
    });
    expect(refused).toMatchObject({ status: 401, text: 'credential rejected\n' });
  });
});
