import { describe, expect, it } from 'vitest';
import { protectUpgrades, WsAuthModule } from '../../../lib/index.js';
import { startApp } from '../../support/app.js';
import { RawPeer } from '../../support/raw-peer.js';
import { JwtStrategy } from '../../support/strategies.js';

const noop = () => undefined;

/** Answers every request with 204, as a server of SockJS does that has put itself in front of Nest. */
async function startSockJs(path: string) {
  const lines: string[] = [];
  const module = {
    imports: [WsAuthModule.forRoot({ strategy: 'jwt', upgrades: [protectUpgrades({ path })] })],
    providers: [JwtStrategy],
  };
  const error = (line: unknown) => void lines.push(String(line));
  const app = await startApp(
    module,
    (nest) => {
      nest.use(
        (
          _request: unknown,
          response: { writeHead: (status: number) => typeof response; end: () => void },
        ) => response.writeHead(204).end(),
      );
    },
    { logger: { log: noop, warn: noop, debug: noop, error } },
  );
  return { app, lines };
}

async function statusOf(port: number, target: string): Promise<number> {
  await using peer = new RawPeer(port);
  peer.write(`POST ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return (await peer.response()).status;
}

describe('K11c: a server of SockJS below a protected path', () => {
  it.each([
    ...['xhr', 'xhr_send', 'xhr_streaming', 'eventsource', 'htmlfile', 'jsonp', 'jsonp_send'].map(
      (transport) => `/rt/000/abcdefgh/${transport}`,
    ),
    '/rt/000/abcdefgh/xhr/',
    '/rt/000/abcdefgh/jsonp?c=callback',
    '/rt/000/abcdefgh/xhr#end',
    '/rt\\000\\abcdefgh\\xhr',
    'http://localhost/rt/000/abcdefgh/xhr',
  ])('serves no client that polls it: %s', async (target) => {
    const { app, lines } = await startSockJs('/rt');
    await using _app = app;
    expect(await statusOf(app.port, target)).toBe(426);
    expect(await statusOf(app.port, target)).toBe(426);
    expect(lines).toEqual([
      expect.stringMatching(
        /polls SockJS below \/rt is refused.*transports: \['websocket'\].* a route of your own/,
      ),
    ]);
  });

  it('serves no client that polls it on the root path', async () => {
    const { app } = await startSockJs('/');
    await using _app = app;
    expect(await statusOf(app.port, '/000/abcdefgh/xhr')).toBe(426);
  });

  it.each(['/rt', '/rt/info', '/rt/iframe.html', '/rt/xhr', '/rt/eventsource', '/other/1/2/xhr'])(
    'serves plain requests: %s',
    async (target) => {
      const { app, lines } = await startSockJs('/rt');
      await using _app = app;
      expect(await statusOf(app.port, target)).toBe(204);
      expect(lines).toEqual([]);
    },
  );
});
