import { once } from 'node:events';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JwksModule } from '../../sample/recipes/jwks.js';
import { refusalOf, startRecipe, userOfClient, withHeaders } from './recipe.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A key pair of an identity provider. */
class SigningKey {
  readonly #pair = generateKeyPairSync('rsa', { modulusLength: 2_048 });

  constructor(readonly kid: string) {}

  get jwk(): object {
    return {
      ...this.#pair.publicKey.export({ format: 'jwk' }),
      kid: this.kid,
      use: 'sig',
      alg: 'RS256',
    };
  }

  tokenOf(sub: string, claims: jwt.SignOptions = {}): string {
    return jwt.sign({ sub }, this.#pair.privateKey, {
      algorithm: 'RS256',
      keyid: this.kid,
      issuer: 'https://id.example.com',
      audience: 'hello',
      expiresIn: 60,
      ...claims,
    });
  }
}

/** An identity provider that publishes its keys. */
async function startProvider(...published: SigningKey[]) {
  let questions = 0;
  const server = createServer((_request, response) => {
    questions += 1;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('JWKS_URI', `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`);
  vi.stubEnv('JWT_ISSUER', 'https://id.example.com');
  vi.stubEnv('JWT_AUDIENCE', 'hello');
  return {
    rotate: (...keys: SigningKey[]) => published.splice(0, Number.POSITIVE_INFINITY, ...keys),
    asked: () => questions,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

const bearer = (token: string) => withHeaders({ authorization: `Bearer ${token}` });

describe('the recipe for passport-jwt with jwks-rsa', () => {
  it('accepts tokens of published keys, also of one that was published later', async () => {
    const [first, second] = [new SigningKey('first'), new SigningKey('second')];
    await using provider = await startProvider(first);
    await using app = await startRecipe(JwksModule);
    expect(await userOfClient(app, bearer(first.tokenOf('alice')))).toEqual({ id: 'alice' });
    expect(await userOfClient(app, bearer(first.tokenOf('bob')))).toEqual({ id: 'bob' });
    expect(provider.asked()).toBe(1);
    provider.rotate(second);
    expect(await userOfClient(app, bearer(second.tokenOf('alice')))).toEqual({ id: 'alice' });
    expect(provider.asked()).toBe(2);
  });

  it('ST-15: refuses with 503 while the provider is down, so that clients come back', async () => {
    const key = new SigningKey('first');
    const provider = await startProvider(key);
    await using app = await startRecipe(JwksModule);
    await provider[Symbol.asyncDispose]();
    const refusal = await refusalOf(app, bearer(key.tokenOf('alice')));
    expect(refusal).toMatchObject({ status: 503, challenges: [] });
  });

  it('refuses an unpublished key, under its own or another kid', async () => {
    const key = new SigningKey('first');
    await using _provider = await startProvider(key);
    await using app = await startRecipe(JwksModule);
    for (const stranger of [new SigningKey('stranger'), new SigningKey('first')]) {
      const refusal = await refusalOf(app, bearer(stranger.tokenOf('mallory')));
      expect(refusal.status).toBe(401);
      expect(refusal.challenges).toContain('Bearer realm="Users", error="invalid_token"');
    }
  });

  it.each([
    ['another audience', { audience: 'elsewhere' }],
    ['another issuer', { issuer: 'https://evil.example.com' }],
    ['an end that is over', { expiresIn: -1 }],
  ])('refuses a token for %s', async (_what, claims) => {
    const key = new SigningKey('first');
    await using _provider = await startProvider(key);
    await using app = await startRecipe(JwksModule);
    expect((await refusalOf(app, bearer(key.tokenOf('alice', claims)))).status).toBe(401);
  });
});
