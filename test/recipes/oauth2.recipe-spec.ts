import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OAuth2Module } from '../../sample/recipes/oauth2.js';
import { WsAuthEvents } from '../../lib/index.js';
import { ask } from '../support/http.js';
import { closeOfMessage, rejected, startRecipe, userOfMessage } from './recipe.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** An OAuth 2.0 provider that gives a token for every code. */
async function startProvider() {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ access_token: 'a1b2c3d4e5', token_type: 'Bearer' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('OAUTH2_URL', url);
  vi.stubEnv('OAUTH2_SECRET', 'secret of hello');
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

describe('the recipe for passport-oauth2', () => {
  it('turns a login over HTTP into a ticket that opens the gateway once', async () => {
    await using provider = await startProvider();
    await using app = await startRecipe(OAuth2Module);
    const { status, headers } = await ask(`${app.origin}/login`);
    expect(status).toBe(302);
    expect(headers.location).toContain(`${provider.url}/authorize?`);
    const { body } = await ask(`${app.origin}/callback?code=42`);
    const { ticket } = JSON.parse(body) as { readonly ticket: string };
    expect(await userOfMessage(app, { token: ticket })).toEqual({ id: 'owner of a1b2c3d4' });
    expect(await closeOfMessage(app, { token: ticket })).toEqual(rejected);
  });

  it('reports why a strategy that redirects accepts no client', async () => {
    await using _provider = await startProvider();
    await using app = await startRecipe(OAuth2Module);
    const refused = vi.fn();
    app.nest.get(WsAuthEvents).on('refused', refused);
    const headers = { authorization: 'Bearer whatever' };
    const refusal = await app.connect('/redirected', { headers }).refusal();
    expect(refusal).toMatchObject({ status: 401, body: 'log in over http first\n' });
    expect(refusal.headers.location).toBeUndefined();
    expect(refusal.challenges).toContain('Bearer realm="Users", error="invalid_token"');
    const client = await app.connect('/redirected').opened();
    client.emit('authenticate', { token: 'whatever' });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'log in over http first' });
    expect(refused.mock.calls).toMatchObject([
      [{ code: 'ERR_WS_AUTH_REDIRECTED', phase: 'handshake' }],
      [{ code: 'ERR_WS_AUTH_REDIRECTED', phase: 'message' }],
    ]);
  });
});
