import { describe, expect, it } from 'vitest';
import {
  firstMessage,
  queryParam,
  subprotocol,
  userInfo,
  type WsAuthWay,
} from '../../lib/client.js';
import {
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
  fromUserInfo,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';

const ways: readonly [string, WsAuthWay, WsCredentialExtractor][] = [
  ['a first message', firstMessage(), fromFirstMessage()],
  ['a raw first message', firstMessage({ format: 'raw' }), fromFirstMessage({ format: 'raw' })],
  ['a subprotocol', subprotocol(), fromSubprotocol()],
  ['a subprotocol of its own kind', subprotocol('t.'), fromSubprotocol({ prefix: 't.' })],
  ['a query parameter', queryParam('t'), fromQueryParam('t')],
  ['user information', userInfo(), fromUserInfo()],
];

describe.each(ways)('a client that sends its token in %s', (_name, via, extractor) => {
  it('is authenticated, and states which session it has', async () => {
    await using app = await startProtected({ credentials: [extractor] });
    await using client = new ObservedSocket(app.url(), { token: () => tokenOf('alice'), via });
    await client.socket.authenticated;
    expect(client.socket).toMatchObject({ state: 'open', readyState: 1, url: app.url() });
    expect(client.socket.session).toHaveProperty('expiresAt');
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via: extractor.name });
  });

  it('renews its session on the open socket', async () => {
    await using app = await startProtected({ credentials: [extractor] });
    await using client = new ObservedSocket(app.url(), { token: () => tokenOf('alice'), via });
    await client.next('open');
    client.socket.renew();
    await client.next('session');
    const end = client.socket.session?.expiresAt;
    expect(end).toBeGreaterThan(Date.now());
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    expect(app.nest.get(EchoGateway).connected).toHaveLength(1);
  });

  it('asks for one new token when the first is refused, and then gives up', async () => {
    await using app = await startProtected({ credentials: [extractor] });
    const asked: boolean[] = [];
    const gaveUp: string[] = [];
    await using client = new ObservedSocket(app.url(), {
      token: ({ refused }) => `wrong-${asked.push(refused)}`,
      via,
      onUnauthenticated: () => gaveUp.push(client.socket.state),
    });
    await client.next('close');
    expect(asked).toEqual([false, true]);
    expect(gaveUp).toEqual(['closed']);
    expect(client.told.filter((type) => type === 'connecting')).toHaveLength(2);
    expect(client.told.slice(-2)).toEqual(['error', 'close']);
    await expect(client.socket.authenticated).rejects.toThrow(/^closed with (3000|1006) /);
  });

  it('gives up as soon where the server refuses by a close frame behind the 101', async () => {
    // User information needs its 401: browsers send it only after one.
    const rejection = extractor.name === 'fromUserInfo' ? 'auto' : 'close';
    await using app = await startProtected({ credentials: [extractor], rejection });
    const asked: boolean[] = [];
    await using client = new ObservedSocket(app.url(), {
      token: ({ refused }) => `wrong-${asked.push(refused)}`,
      via,
    });
    expect(await client.next('close')).toMatchObject({
      reason: expect.stringMatching(/^(credential rejected|refused with 401)$/),
    });
    expect(asked).toEqual([false, true]);
  });

  it('comes in with the new token if the first was refused', async () => {
    await using app = await startProtected({ credentials: [extractor] });
    await using client = new ObservedSocket(app.url(), {
      token: ({ refused }) => (refused ? tokenOf('alice') : 'wrong'),
      via,
    });
    const waiting = await client.next('waiting');
    expect(waiting).toMatchObject({ failures: 1, delayMs: expect.any(Number) });
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('puts its token into no error, event or log', async () => {
    await using app = await startProtected({ credentials: [extractor] });
    const token = tokenOf('alice');
    const wrong = 'canary-0815';
    const tokens = [wrong, token, token];
    await using client = new ObservedSocket(app.url(), { token: () => tokens.shift(), via });
    await client.next('waiting');
    await client.socket.authenticated;
    client.socket.renew();
    await client.next('session');
    client.socket.close();
    await client.next('close');
    const seen = [...client.seen, client.socket.url, JSON.stringify(client.socket)].join('\n');
    expect(seen).not.toContain(wrong);
    expect(seen).not.toContain(token);
  });
});
