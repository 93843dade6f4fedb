import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromAuthorizationHeader, fromFirstMessage, fromQueryParam } from '../../lib/index.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo, type IoApp, type IoTransport } from './support/io-app.js';
import { CorsGateway, RootGateway } from './support/io-gateways.js';
import { ask, RawPolling, RawWebSocket, upgrade, type RawAnswer } from './support/raw-io.js';
import { until } from './support/until.js';

/** Opens a connection as a machine does, and returns the answer. */
function knock(
  app: IoApp,
  transport: IoTransport,
  query: string,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const url = RawPolling.urlOf(app.url, query, transport);
  return transport === 'polling' ? ask(url, { headers }) : upgrade(url, headers);
}

/** Values of all lines of a header field. */
function linesOf({ rawHeaders }: RawAnswer, name: string): string[] {
  return rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name,
  );
}

describe.each(ioTransports)("1: rejection: 'http', by %s", (transport) => {
  let app: IoApp;
  beforeAll(async () => {
    app = await startIo(
      {
        rejection: 'http',
        credentials: [fromAuthorizationHeader(), fromQueryParam('token'), fromFirstMessage()],
        allowedOrigins: ['http://app.test'],
      },
      [CorsGateway],
    );
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('answers a forged header with 401, every challenge in a line of its own', async () => {
    const answer = await knock(app, transport, '', { Authorization: 'Bearer forged' });
    expect(answer.status).toBe(401);
    expect(linesOf(answer, 'www-authenticate')).toEqual([
      'Basic realm="Users", charset="UTF-8"',
      'Bearer realm="Users", error="invalid_token"',
    ]);
    expect(answer).toMatchObject({
      headers: { 'cache-control': 'no-store', connection: 'close' },
      body: 'credential rejected\n',
    });
  });

  it('a page may read the refusal, as far as CORS allows', async () => {
    const answer = await knock(app, 'polling', '&token=forged', { Origin: 'http://app.test' });
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'access-control-allow-origin': 'http://app.test' },
      body: 'credential rejected\n',
    });
  });

  it('answers another origin with 403', async () => {
    const headers = { Authorization: `Bearer ${tokenOf('alice')}`, Origin: 'http://evil.test' };
    const answer = await knock(app, transport, '', headers);
    expect(answer).toMatchObject({ status: 403, body: 'origin refused\n' });
  });

  it('answers two credentials and a repeated parameter with 400', async () => {
    const headers = { Authorization: `Bearer ${tokenOf('alice')}` };
    await expect(knock(app, transport, '&token=a.b.c', headers)).resolves.toMatchObject({
      status: 400,
    });
    await expect(knock(app, transport, '&token=a&token=b')).resolves.toMatchObject({ status: 400 });
  });

  it('still lets a client in that has to present its payload', async () => {
    const answer = await knock(app, transport, '');
    expect(answer.status).toBe(transport === 'polling' ? 200 : 101);
  });

  it('refuses protocol revision 3, as Socket.IO does', async () => {
    const url = RawPolling.urlOf(app.url, '', transport).replace('EIO=4', 'EIO=3');
    const answer = await (transport === 'polling' ? ask(url) : upgrade(url).catch(() => undefined));
    expect(answer?.status ?? 400).not.toBe(200);
  });

  it('leaves no slot behind', async () => {
    await until(
      () => app.pending === 0,
      () => app.pending,
    );
  });
});

describe.each(ioTransports)('5: limits before authentication, by %s', (transport) => {
  let app: IoApp;
  beforeAll(async () => {
    app = await startIo({ maxPendingPerAddress: 5, authTimeoutMs: 20_000 }, [RootGateway]);
  });
  afterAll(() => app[Symbol.asyncDispose]());

  it('holds five clients of an address, and answers the sixth with 429', async () => {
    const open = (): Promise<unknown> =>
      transport === 'polling' ? RawPolling.open(app.url) : new RawWebSocket(app.url).opened();
    const held = await Promise.all([open(), open(), open(), open(), open()]);
    expect(app.pending).toBe(5);
    const answer = await knock(app, transport, '');
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(held).toHaveLength(5);
  });
});
