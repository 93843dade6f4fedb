import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cookie } from '../../../lib/client.js';

const { signal } = new AbortController();
const bridge = 'https://ws.example.com/bridge';

/** A page whose fetches end in these ways, and whose iframes are counted. */
function stubPage(...answers: readonly (number | Error)[]) {
  const left = [...answers];
  const createElement = vi.fn(() => {
    throw new Error('an iframe');
  });
  vi.stubGlobal('document', { createElement });
  const fetch = vi.fn(async () => {
    const answer = left.shift();
    if (answer instanceof Error) throw answer;
    return { status: answer };
  });
  vi.stubGlobal('fetch', fetch);
  return { createElement, fetch };
}

afterEach(() => vi.unstubAllGlobals());

/** A server on a port of its own. */
async function serve(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/bridge`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

describe('the cookie way', () => {
  it('hands the token to the bridge, with cookies, and reports how that was answered', async () => {
    const { fetch } = stubPage(204, 403);
    const way = cookie({ bridge });
    expect([await way.prepare!('t', signal), await way.prepare!('u', signal)]).toEqual([204, 403]);
    const sent = { method: 'POST', body: 't', credentials: 'include', signal };
    expect(fetch).toHaveBeenNthCalledWith(1, new URL(bridge), expect.objectContaining(sent));
  });

  it('turns to an iframe where the page may not fetch', async () => {
    stubPage(new TypeError('blocked'));
    await expect(cookie({ bridge }).prepare!('t', signal)).rejects.toThrow('an iframe');
  });

  it('turns to none where a fetch has come through before: the server is away', async () => {
    const { createElement } = stubPage(204, new TypeError('away'));
    const way = cookie({ bridge });
    await way.prepare!('t', signal);
    await expect(way.prepare!('t', signal)).rejects.toThrow('away');
    expect(createElement).not.toHaveBeenCalled();
  });

  it('opens no iframe when the caller no longer waits', async () => {
    const { createElement } = stubPage(new TypeError('aborted'));
    const over = AbortSignal.abort();
    await expect(cookie({ bridge }).prepare!('t', over)).rejects.toThrow('aborted');
    expect(createElement).not.toHaveBeenCalled();
  });

  it('turns to none in a worker', async () => {
    stubPage(new TypeError('blocked'));
    vi.stubGlobal('document', undefined);
    await expect(cookie({ bridge }).prepare!('t', signal)).rejects.toThrow('blocked');
  });

  it.each([301, 302, 303, 307, 308])(
    'K7f: sends the token to no other server, which a bridge behind a proxy names with %d',
    async (status) => {
      let asked = 0;
      await using other = await serve((_request, response) => {
        asked += 1;
        response.writeHead(204).end();
      });
      await using proxy = await serve((_request, response) => {
        response.writeHead(status, { Location: other.url }).end();
      });
      await expect(cookie({ bridge: proxy.url }).prepare!('t', signal)).rejects.toThrow(TypeError);
      expect(asked).toBe(0);
    },
  );
});
