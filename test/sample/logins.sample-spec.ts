import { afterEach, describe, expect, it, vi } from 'vitest';
import { IdentityProvider } from '../../sample/examples/keycloak/identity-provider.js';
import { bearer } from '../support/tokens.js';
import { Example } from './example.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

async function startLogin(): Promise<Example> {
  vi.stubEnv('SESSION_SECRET', 'of the test');
  vi.stubEnv('PASSWORD', 'correct horse');
  // The middleware reads its secret when the file is loaded, as it does in an application.
  const { AppModule } = await import('../../sample/examples/session-login/app.module.js');
  return Example.start(AppModule);
}

async function cookieOf(example: Example, user: string): Promise<string> {
  const answer = await example.post('/login', {}, { user, password: 'correct horse' });
  expect(answer.status).toBe(204);
  return answer.headers.getSetCookie()[0]!.split(';')[0]!;
}

async function startKeycloak(provider: IdentityProvider): Promise<Example> {
  vi.stubEnv('ISSUER', provider.issuer);
  vi.stubEnv('AUDIENCE', 'chat');
  const { AppModule } = await import('../../sample/examples/keycloak/app.module.js');
  return Example.start(AppModule);
}

describe('the example of a login by form', () => {
  it('opens the gateway to the cookie, and ends its sockets when the user logs out', async () => {
    await using example = await startLogin();
    const cookie = await cookieOf(example, 'alice');
    const page = { origin: example.origin, headers: { cookie } };
    await using client = await example.chat(page).opened();
    expect(await client.ask('hello')).toBe('Hello alice!');
    expect((await example.post('/logout', { cookie })).status).toBe(204);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    await using again = example.chat(page);
    expect(await again.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
  });

  it('refuses pages of other origins, and a wrong password', async () => {
    await using example = await startLogin();
    const cookie = await cookieOf(example, 'alice');
    await using stranger = example.chat({ origin: 'https://evil.example', headers: { cookie } });
    expect(await stranger.closed()).toMatchObject({ code: 3003 });
    const failed = await example.post('/login', {}, { user: 'alice', password: 'horse' });
    expect(failed.status).toBe(401);
  });
});

describe('the example of Keycloak', () => {
  it('takes the user and the roles from a token, also of a key that is published later', async () => {
    await using provider = await IdentityProvider.start(0);
    await using example = await startKeycloak(provider);
    const answer = await fetch(`${provider.issuer}/token?user=alice&role=admin`);
    const { access_token: token } = (await answer.json()) as { access_token: string };
    await using admin = await example.chat(bearer(token)).opened();
    expect(await admin.ask('hello')).toBe('Hello alice!');
    admin.emit('announce');
    expect((await admin.nextEvent()).event).toBe('announced');
    await provider.rotate();
    await using user = await example.chat(bearer(await provider.tokenOf('bob'))).opened();
    expect(await user.ask('hello')).toBe('Hello bob!');
    user.emit('announce');
    expect((await user.nextEvent()).event).toBe('exception');
  });

  it('refuses an ID token, and a token of another realm', async () => {
    await using provider = await IdentityProvider.start(0);
    await using other = await IdentityProvider.start(0);
    await using example = await startKeycloak(provider);
    const idToken = await provider.tokenOf('alice', [], 'ID');
    for (const token of [idToken, await other.tokenOf('alice')]) {
      await using client = example.chat(bearer(token));
      expect(await client.refusal()).toMatchObject({ status: 401 });
    }
  });
});
