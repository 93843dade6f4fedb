import { describe, expect, it } from 'vitest';
import { queryParam, type ConnectOptions } from '../../lib/client.js';
import { fromFirstMessage, fromQueryParam, WsAuthSessions } from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';

const credentials = [fromFirstMessage(), fromQueryParam('token')];
const secondsNow = () => Math.floor(Date.now() / 1_000);

describe.each<[string, ConnectOptions['via']]>([
  ['a message', undefined],
  ['the query', queryParam()],
])('K4b: a client that presents its tokens by %s', (_way, via) => {
  const options = { backOffMs: 100, maxBackOffMs: 1_000, ...(via && { via }) };

  it('comes back after a revocation although the clock of the issuer is behind', async () => {
    await using app = await startProtected({ credentials });
    let tokens = 0;
    const token = () => {
      tokens += 1;
      return tokenOf('alice', { iat: secondsNow() - 2, jti: `token ${tokens}` });
    };
    await using client = new ObservedSocket(app.url(), { ...options, token });
    await client.next('open');
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    await client.next('open');
    expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
    // One for the first session, at least one that was refused, and the one that was not.
    expect(tokens).toBeGreaterThanOrEqual(3);
  });

  it('comes back with its first new token where the server tolerates the difference', async () => {
    await using app = await startProtected({ credentials, clockToleranceMs: 5_000 });
    let tokens = 0;
    const token = () => {
      tokens += 1;
      return tokenOf('alice', { iat: secondsNow() - 3, jti: `token ${tokens}` });
    };
    await using client = new ObservedSocket(app.url(), { ...options, token });
    await client.next('open');
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    await client.next('open');
    expect(tokens).toBe(2);
  });

  it('closes for good if the revoked token is all that there is', async () => {
    await using app = await startProtected({ credentials });
    const revoked = tokenOf('alice', { iat: secondsNow() + 60 });
    let loggedOut = 0;
    await using client = new ObservedSocket(app.url(), {
      ...options,
      token: () => revoked,
      onUnauthenticated: () => (loggedOut += 1),
    });
    await client.next('open');
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    await client.next('close');
    expect(loggedOut).toBe(1);
  });
});
