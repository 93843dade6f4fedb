import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
} from '../../../lib/index.js';
import { connect, expectRefused, WsRefusedError } from '../../../lib/testing.js';
import { startProtected } from '../../support/app.js';
import { EchoGateway } from '../../support/gateways.js';
import { HttpBasicStrategy } from '../../support/strategies.js';
import { basicHeader, bearer, tokenOf } from '../../support/tokens.js';

const all = {
  credentials: [
    fromAuthorizationHeader(),
    fromQueryParam('token'),
    fromSubprotocol(),
    fromFirstMessage(),
  ],
};
const token = () => tokenOf('alice');

describe('connect() goes the whole way', () => {
  it.each([
    ['headers', () => bearer(token()), 'fromAuthorizationHeader'],
    ['query', () => ({ query: { token: token() } }), 'fromQueryParam'],
    ['protocols', () => ({ protocols: ['chat', `bearer.${token()}`] }), 'fromSubprotocol'],
    ['firstMessage', () => ({ firstMessage: { token: token() } }), 'fromFirstMessage'],
  ])('with a token in %s', async (_name, options, via) => {
    await using app = await startProtected(all);
    await using client = await connect(app.nest, options());
    expect(client.session).toMatchObject({ userId: 'alice', strategy: 'jwt', extractor: via });
    expect(await client.ask('whoami')).toEqual({ user: 'alice', via });
  });

  it.each([
    ['headers', () => ({ headers: { authorization: `Bearer ${token()}x` } }), { status: 401 }],
    ['query', () => ({ query: { token: `${token()}x` } }), { status: 401 }],
    ['protocols', () => ({ protocols: ['chat', `bearer.${token()}x`] }), { status: 401 }],
    ['firstMessage', () => ({ firstMessage: { token: `${token()}x` } }), { closeCode: 3000 }],
  ])('and is refused with a bad one in %s', async (_name, options, expected) => {
    await using app = await startProtected(all);
    const refused = await expectRefused(connect(app.nest, options()), expected);
    expect(refused.reason).toBe('credential rejected');
  });

  it('with a user name and a password', async () => {
    await using app = await startProtected({ strategy: 'basic' }, [HttpBasicStrategy]);
    const headers = { authorization: basicHeader('alice', 'secret of alice') };
    await using client = await connect(app.nest, { headers });
    expect(client.session?.userId).toBe('alice');
  });

  it('with a first message that is the token alone, which nothing acknowledges', async () => {
    await using app = await startProtected({ credentials: [fromFirstMessage({ format: 'raw' })] });
    await using client = await connect(app.nest, { firstMessage: token() });
    expect(client.session?.userId).toBe('alice');
    await client.barrier();
    expect(client.unread).toEqual([]);
  });

  it('with a first message under the names that the module gives to events', async () => {
    await using app = await startProtected({
      events: { authenticate: 'hello', authenticated: 'in', expiring: 'soon' },
    });
    await using client = await connect(app.nest, { firstMessage: { token: token() } });
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
  });

  it('without a credential to a client that has no session yet', async () => {
    await using app = await startProtected();
    await using client = await connect(app.nest);
    expect(client.session).toBeUndefined();
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
    client.emit('whoami');
    expect(await client.closed()).toEqual({ code: 3000, reason: 'credential required' });
  });

  it('and reports a gateway where no first message is a credential', async () => {
    await using app = await startProtected({
      credentials: [fromAuthorizationHeader()],
      optional: true,
    });
    const attempt = connect(app.nest, { firstMessage: { token: token() } });
    await expect(attempt).rejects.toThrow('takes no credential from a first message');
  });

  it('and rejects with all fields of a refusal', async () => {
    await using app = await startProtected();
    const headers = { authorization: 'Bearer none' };
    const error: unknown = await connect(app.nest, { headers }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WsRefusedError);
    expect(String(error)).toBe('WsRefusedError: refused with status 401: credential rejected');
    expect(error).toMatchObject({
      status: 401,
      closeCode: undefined,
      reason: 'credential rejected',
      response: {
        status: 401,
        challenges: [
          'Basic realm="Users", charset="UTF-8"',
          'Bearer realm="Users", error="invalid_token"',
        ],
        headers: { 'cache-control': 'no-store' },
      },
    });
  });

  it('and rejects with the error of the socket when no server answers', async () => {
    await using app = await startProtected();
    await expect(connect(app.nest, { port: 1 })).rejects.toThrow('ECONNREFUSED');
  });
});
