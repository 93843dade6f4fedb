import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { WsAuthEvents, WsUser } from 'nestjs-ws-auth';
import type { WsAuthSocket, WsAuthSocketEvents } from 'nestjs-ws-auth/client';
import { firstValueFrom, take, toArray } from 'rxjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { settle } from '../../lib/client/options.js';
import { closeActionOf, WsAuthCloseCode } from '../../lib/protocol/close-code.js';
import { providePythonWebsockets } from '../sample/programs.js';
import { startProtected } from '../support/app.js';
import { tokenOf } from '../support/tokens.js';
import { codeBlocks, codeIn, codesIn, rootFile, section, tableRows } from './readme.js';
import { authenticatedSubject } from './snippets/rxjs-client.js';
import { chat } from './snippets/staying-connected.js';

const guide = rootFile('lib/guides/client.md');
const run = promisify(execFile);
const pathOf = (name: string) => fileURLToPath(new URL(`snippets/${name}`, import.meta.url));

@WebSocketGateway({ path: '/hello' })
class HelloGateway {
  @SubscribeMessage('hello')
  hello(@WsUser('id') id: string) {
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

/** Answers when the session has been renewed. */
@WebSocketGateway({ path: '/hello' })
class SlowHelloGateway {
  renewals = 0;

  constructor(private readonly events: WsAuthEvents) {
    events.on('reauthenticated', () => (this.renewals += 1));
  }

  @SubscribeMessage('hello')
  async hello(@WsUser('id') id: string) {
    if (this.renewals === 0) {
      await new Promise<void>((resolve) => this.events.on('reauthenticated', () => resolve()));
    }
    return { event: 'hello', data: `Hello ${id}!` };
  }
}

@WebSocketGateway({ path: '/hello' })
class CuttingGateway {
  handleConnection(client: WebSocket) {
    client.terminate();
  }
}

const start = () => startProtected({}, [HelloGateway]);

/** A server that gives a token to every client that asks, or refuses it by name. */
class TokenServer implements AsyncDisposable {
  status = 200;

  private constructor(private readonly server: Server) {
    server.on('request', (_request, response) => {
      response.writeHead(this.status).end(JSON.stringify({ token: tokenOf('alice') }));
    });
  }

  static async start(): Promise<TokenServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TokenServer(server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await once(this.server.close(), 'close');
  }
}

/** What a page of that server has. */
function stubPage({ origin }: TokenServer): void {
  const { fetch } = globalThis;
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => fetch(origin + path, init));
  vi.stubGlobal('WebSocket', WebSocket);
}

afterEach(() => vi.unstubAllGlobals());

function eventOf<T extends keyof WsAuthSocketEvents>(socket: WsAuthSocket, type: T) {
  return new Promise<WsAuthSocketEvents[T]>((resolve) => {
    socket.addEventListener(type, resolve, { once: true });
  });
}

async function python(url: string, token: string): Promise<string> {
  return (await run('/usr/bin/python3', [pathOf('python-client.py'), url, token])).stdout;
}

async function shell(url: string, token: string): Promise<string> {
  const env = { ...process.env, TOKEN: token };
  return (await run('sh', [pathOf('shell-client.sh'), url], { env })).stdout;
}

describe('the code of lib/guides/client.md', () => {
  it('stays connected', async () => {
    await using app = await start();
    await using tokens = await TokenServer.start();
    stubPage(tokens);
    const shown: string[] = [];
    const socket = chat(app.url('/hello'), (words) => shown.push(words));
    await eventOf(socket, 'message');
    expect(shown).toEqual(['{"event":"hello","data":"Hello alice!"}']);
    socket.close();
    await eventOf(socket, 'close');
  });

  it('reports that no token is available, and that the user is logged out', async () => {
    await using app = await start();
    await using tokens = await TokenServer.start();
    stubPage(tokens);
    const shown: string[] = [];
    tokens.status = 503;
    const socket = chat(app.url('/hello'), (words) => shown.push(words));
    await eventOf(socket, 'waiting');
    tokens.status = 401;
    await eventOf(socket, 'close');
    expect(shown).toEqual([expect.stringMatching(/^offline, for [\d.]+ ms$/), 'please log in']);
  });

  it('authenticates a subject of rxjs before what was sent earlier', async () => {
    await using app = await start();
    const subject = authenticatedSubject(app.url('/hello'), () => tokenOf('alice'), {
      WebSocketCtor: WebSocket as never,
    });
    subject.next({ event: 'hello' });
    const messages = await firstValueFrom(subject.pipe(take(2), toArray()));
    expect(messages).toEqual([
      { event: 'authenticated', data: { expiresAt: expect.any(Number) } },
      { event: 'hello', data: 'Hello alice!' },
    ]);
  });

  describe('in Python', () => {
    const [code] = codeBlocks(guide, 'python');
    beforeAll(providePythonWebsockets, 300_000);

    it('is the text of a file', () => {
      expect(code).toBe(rootFile('test/readme/snippets/python-client.py'));
    });

    it('authenticates by the first message, and renews when the end is near', async () => {
      const options = { expiresAt: () => Date.now() + 60_000, expiryWarningMs: 59_900 };
      await using app = await startProtected(options, [SlowHelloGateway]);
      expect(await python(app.url('/hello'), tokenOf('alice'))).toBe('Hello alice!\n');
      expect(app.nest.get(SlowHelloGateway).renewals).toBeGreaterThan(0);
    });

    it('reports why it was refused', async () => {
      await using app = await start();
      const said = await python(app.url('/hello'), 'a-wrong-token');
      expect(said).toMatch(/^closed: received 3000 .*credential rejected/);
    });

    it('reports that the connection was cut', async () => {
      await using app = await startProtected({}, [CuttingGateway]);
      expect(await python(app.url('/hello'), tokenOf('alice'))).toMatch(/^closed: no close frame/);
    });
  });

  describe('in a shell', () => {
    const [code] = codeBlocks(guide, 'sh');

    it('is the text of a file', () => {
      expect(code).toBe(rootFile('test/readme/snippets/shell-client.sh'));
    });

    it('authenticates by the first message', async () => {
      await using app = await start();
      const lines = (await shell(app.url('/hello'), tokenOf('alice'))).trim().split('\n');
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
        { event: 'authenticated', data: { expiresAt: expect.any(Number) } },
        { event: 'hello', data: 'Hello alice!' },
      ]);
    });
  });
});

describe('the tables of lib/guides/client.md', () => {
  it('name every option, with the default that holds', () => {
    const rows = tableRows(section(guide, 'Options'));
    const declared = ['options', 'number-options', 'contract-options']
      .map((each) => rootFile(`lib/client/${each}.ts`))
      .join('');
    const body = [
      ...declared.matchAll(/interface (?:Connect|Number|Contract)Options .*\{\n([\s\S]*?)^\}/gm),
    ]
      .map(([, each]) => each)
      .join('');
    const names = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name!);
    expect(rows.flatMap(([cell]) => codesIn(cell)).toSorted()).toEqual(names.toSorted());
    const settings = settle({ token: () => '', WebSocket }) as unknown as Record<string, unknown>;
    const stated = rows
      .map(([option, literals]) => [codesIn(option), codesIn(literals)] as const)
      .filter(([options, literals]) => options.length === literals.length)
      .flatMap(([options, literals]) => options.map((name, index) => [name, literals[index]!]))
      .filter(([name]) => typeof settings[name!] === 'number');
    expect(stated).toHaveLength(6);
    for (const [name, literal] of stated) {
      expect(Number(literal!.replaceAll('_', ''))).toBe(settings[name!]);
    }
  });

  it('state the action of every close code of the package', () => {
    const rows = tableRows(section(guide, 'The contract of close codes'));
    const stated = rows.map(([code, action]) => [codeIn(code), codeIn(action)]);
    const codes = Object.values(WsAuthCloseCode);
    expect(stated).toEqual(codes.map((code) => [String(code), closeActionOf(code)]));
  });
});
