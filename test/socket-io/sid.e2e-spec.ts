import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromCookie, fromFirstMessage } from '../../lib/index.js';
import { tokenOf } from '../support/tokens.js';
import { startIo, type IoApp } from './support/io-app.js';
import { RootGateway } from './support/io-gateways.js';
import { ask, RawPolling, upgrade } from './support/raw-io.js';

const token = tokenOf('alice', { exp: Math.ceil(Date.now() / 1_000) + 3_600 });
const evil = 'http://evil.test';

/** A connection by polling with a session. */
async function enter(app: IoApp, headers: Record<string, string>, auth?: object) {
  const client = await RawPolling.open(app.url, { headers });
  await client.send([`0${auth ? JSON.stringify(auth) : ''}`]);
  const packets = await client.packets();
  expect(packets.some((packet) => packet.startsWith('40'))).toBe(true);
  return client;
}

/** Requests that another client may send with the sid, and what each is answered with. */
async function answers(client: RawPolling, headers: Record<string, string>) {
  const websocket = client.url.replace('transport=polling', 'transport=websocket');
  const asked = await Promise.all([
    client.send(['2["echo","stolen"]'], headers),
    upgrade(`${websocket}&sid=${client.sid}`, headers),
    ask(`${client.url}&sid=${client.sid}`, { headers }),
  ]);
  return asked.map(({ status }) => status);
}

describe('a stolen sid', () => {
  let app: IoApp;
  beforeAll(async () => {
    app = await startIo(
      {
        credentials: [fromCookie('session'), fromFirstMessage()],
        allowedOrigins: ['http://app.test', 'http://other.test'],
        trustProxy: 'loopback',
        bindSidToAddress: true,
      },
      [RootGateway],
    );
  });
  afterAll(() => app[Symbol.asyncDispose]());

  const page = { Origin: 'http://app.test', 'X-Forwarded-For': '192.0.2.1' };
  const withCookie = { ...page, Cookie: `session=${token}` };

  it('is of no use to another page, which may not be in the list or not the one that opened it', async () => {
    const client = await enter(app, page, { token });
    for (const origin of [evil, 'http://other.test', 'null']) {
      await expect(answers(client, { ...page, Origin: origin })).resolves.toEqual([403, 403, 403]);
    }
    await expect(client.send(['2["echo","own"]'])).resolves.toMatchObject({ status: 200 });
    expect(app.nest.get(RootGateway).handled).not.toContain('stolen');
  });

  it('is of no use to a page of another site that sends no Origin', async () => {
    const client = await enter(app, page, { token });
    const headers = { 'X-Forwarded-For': '192.0.2.1', 'Sec-Fetch-Site': 'cross-site' };
    await expect(ask(`${client.url}&sid=${client.sid}`, { headers })).resolves.toMatchObject({
      status: 403,
    });
  });

  it('is of no use without the cookie that opened it, or with another one', async () => {
    const client = await enter(app, withCookie);
    await expect(answers(client, page)).resolves.toEqual([401, 401, 401]);
    const other = { ...page, Cookie: `session=${tokenOf('mallory')}` };
    await expect(answers(client, other)).resolves.toEqual([401, 401, 401]);
    await expect(client.send(['2["echo","own"]'])).resolves.toMatchObject({ status: 200 });
  });

  it('is of no use from another address, with bindSidToAddress', async () => {
    const client = await enter(app, page, { token });
    const elsewhere = { ...page, 'X-Forwarded-For': '198.51.100.7' };
    await expect(answers(client, elsewhere)).resolves.toEqual([403, 403, 403]);
    await expect(client.send(['2["echo","own"]'])).resolves.toMatchObject({ status: 200 });
  });

  it('leaves the connection of its owner as it was', async () => {
    const gateway = app.nest.get(RootGateway);
    const { length } = gateway.handled;
    const client = await enter(app, withCookie);
    await answers(client, { ...withCookie, Origin: evil });
    await client.send(['2["echo","mine"]']);
    expect(gateway.handled.slice(length)).toEqual(['mine']);
  });
});

describe('a page on the server itself', () => {
  it('whose first poll has no Origin connects with its cookie, and keeps the connection to itself', async () => {
    await using app = await startIo({ credentials: [fromCookie('session')] }, [RootGateway]);
    const site = { Cookie: `session=${token}`, 'Sec-Fetch-Site': 'same-origin' };
    const client = await RawPolling.open(app.url, { headers: site });
    const own = { ...site, Origin: app.url };
    await expect(client.send(['0'], own)).resolves.toMatchObject({ status: 200 });
    await expect(client.packets()).resolves.toEqual([expect.stringMatching(/^40/)]);
    await expect(client.send(['2["echo",1]'], { ...site, Origin: evil })).resolves.toMatchObject({
      status: 403,
    });
  });

  it.each([
    ['no header that names the site', {}],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a sibling', { 'Sec-Fetch-Site': 'same-site' }],
  ])('is not what a cookie comes from with %s', async (_what, headers: Record<string, string>) => {
    await using app = await startIo({ credentials: [fromCookie('session')], rejection: 'http' }, [
      RootGateway,
    ]);
    const sent = { Cookie: `session=${token}`, ...headers };
    await expect(ask(RawPolling.urlOf(app.url), { headers: sent })).resolves.toMatchObject({
      status: 403,
    });
  });
});
