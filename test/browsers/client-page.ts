import { WsAuthModule } from '../../lib/index.js';
import {
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
} from '../../lib/index.js';
import { PageServer } from '../e2e/client/page-server.js';
import { startApp, type TestApp } from '../support/app.js';
import type { BrowserWindow } from '../support/browser/browser-window.js';
import { JwtStrategy } from '../support/strategies.js';
import { gateway } from './measured-gateways.js';

/** The ways of the client, as an expression of the page, by the extractor that each is made for. */
export const ways = {
  fromFirstMessage: 'firstMessage()',
  fromSubprotocol: 'subprotocol()',
  fromQueryParam: 'queryParam()',
  fromCookie: 'cookie({ bridge: `${origin}/fromCookie/bridge` })',
  fromUserInfo: 'userInfo()',
} as const;

export type Way = keyof typeof ways;

/** Starts a server with a gateway for each way, whose path is the name of the extractor. */
export function startGateways(pages: PageServer, port = 0): Promise<TestApp> {
  const bridge = { path: '/fromCookie/bridge', parentOrigins: [pages.origin] };
  const credentials = [
    fromFirstMessage(),
    fromSubprotocol(),
    fromQueryParam('token'),
    fromCookie('token', { bridge }),
    fromUserInfo(),
  ];
  const gateways = credentials.map((extractor) =>
    gateway(`/${extractor.name}`, { credentials: [extractor] }),
  );
  const imports = [WsAuthModule.forRoot({ strategy: 'jwt' })];
  const providers = [JwtStrategy, ...gateways];
  return startApp({ imports, providers }, undefined, { port });
}

/** A page that connects by the client of the package. */
export class ClientPage {
  constructor(
    private readonly window: BrowserWindow,
    private readonly app: TestApp,
  ) {}

  /**
   * Connects, as `sockets[way]`. Each token is used for one call; `undefined` among them is a call that fails, and the last
   * one serves all later ones.
   */
  async connect(way: Way, tokens: readonly (string | undefined)[]): Promise<void> {
    await this.window.evaluate(`(async () => {
      const { connect, cookie, firstMessage, queryParam, subprotocol, userInfo } = await import('/client.js');
      const origin = ${JSON.stringify(this.app.origin)};
      const tokens = ${JSON.stringify(tokens)};
      const told = [];
      const socket = connect(origin + '/${way}', {
        via: ${ways[way]},
        backOffMs: 50,
        maxBackOffMs: 200,
        async token() {
          const token = tokens.length > 1 ? tokens.shift() : tokens[0];
          if (!token) throw new Error('no token at present');
          return token;
        },
        onUnauthenticated: () => told.push('unauthenticated'),
      });
      for (const type of ['open', 'session', 'waiting', 'close']) {
        socket.addEventListener(type, ({ code, reason }) => {
          told.push([type, code, reason].filter(Boolean).join(' '));
        });
      }
      window.sockets = { ...window.sockets, ${way}: Object.assign(socket, { told }) };
    })()`);
  }

  /** What the server calls the user of the socket, as soon as it is authenticated. */
  whoami(way: Way): Promise<unknown> {
    return this.window.evaluate(`new Promise((resolve) => {
      const socket = sockets.${way};
      socket.addEventListener('message', ({ data }) => resolve(JSON.parse(data).data), { once: true });
      socket.send('{"event":"whoami"}');
    })`);
  }

  /** Waits until the socket has emitted an event so many times, and returns all that it emitted so far. */
  told(way: Way, type: string, times = 1): Promise<string[]> {
    return this.window.evaluate(`new Promise((resolve) => {
      const socket = sockets.${way};
      const look = () => {
        const count = socket.told.filter((line) => line.split(' ', 1)[0] === '${type}').length;
        if (count >= ${times}) resolve(socket.told);
      };
      socket.addEventListener('${type}', look);
      look();
    })`);
  }

  /** Closes all sockets, and forgets them. */
  async closeAll(): Promise<void> {
    await this.window.evaluate(`(() => {
      for (const socket of Object.values(window.sockets ?? {})) socket.close();
      window.sockets = {};
    })()`);
  }
}
