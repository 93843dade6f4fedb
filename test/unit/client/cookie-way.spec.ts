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
});
