import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Type } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { refusalOf, startRecipe, userOfClient, withHeaders } from './recipe.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 });

const jwkOf = (key: KeyObject, kid: string, alg: string) => ({
  ...key.export({ format: 'jwk' }),
  kid,
  alg,
  use: 'sig',
});
const keys = [jwkOf(rsa.publicKey, 'rsa', 'RS256'), jwkOf(ec.publicKey, 'ec', 'ES256')];

const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
const sessionCookie = `better-auth.session_token=${randomBytes(16).toString('hex')}.c2ln`;

/** What the endpoints of better-auth and Auth.js answer to a cookie, as their documentation shows it. */
function sessionFor(path: string, { headers }: IncomingMessage): unknown {
  const isKnown = headers.cookie === sessionCookie;
  return path.endsWith('/get-session')
    ? isKnown
      ? { session: { id: 's1', userId: 'alice', expiresAt: inAnHour }, user: { id: 'alice' } }
      : null
    : isKnown
      ? { user: { name: 'Alice', email: 'alice@example.com' }, expires: inAnHour }
      : null;
}

const asked: string[] = [];
const server = createServer((request, response) => {
  const path = request.url!;
  asked.push(path);
  const isSession = /\/(?:get-)?session$/.test(path);
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(isSession ? sessionFor(path, request) : { keys }));
});

/** One provider: its recipe, its settings, and a token with the claims that its documentation publishes. */
interface Provider {
  readonly name: string;
  readonly keysAt: string;
  readonly environment: (url: string) => Record<string, string>;
  readonly recipe: () => Promise<Type<object>>;
  readonly claims: (url: string) => object;
  readonly kid?: 'rsa' | 'ec';
  readonly user: object;
  /** Claims of tokens that the provider signs as well, and that are not for this gateway. */
  readonly others: Readonly<Record<string, object>>;
}

const providers: readonly Provider[] = [
  {
    name: 'Keycloak',
    keysAt: '/realms/main/protocol/openid-connect/certs',
    environment: (url) => ({
      KEYCLOAK_ISSUER: `${url}/realms/main`,
      KEYCLOAK_AUDIENCE: 'chat',
    }),
    recipe: async () => (await import('../../sample/recipes/keycloak.js')).KeycloakModule,
    claims: (url) => ({
      iss: `${url}/realms/main`,
      aud: ['chat', 'account'],
      sub: 'f:1',
      typ: 'Bearer',
      azp: 'web',
      sid: 's',
      acr: '1',
      realm_access: { roles: ['offline_access', 'admin'] },
      scope: 'openid profile',
      preferred_username: 'alice',
    }),
    user: { id: 'f:1', roles: ['offline_access', 'admin'] },
    others: {
      'an ID token': { typ: 'ID' },
      'a token for another client': { aud: 'account' },
      'another realm': { iss: 'http://127.0.0.1/realms/other' },
    },
  },
  {
    name: 'Auth0',
    keysAt: '/.well-known/jwks.json',
    environment: (url) => ({ AUTH0_ISSUER: `${url}/`, AUTH0_AUDIENCE: 'https://chat.example.com' }),
    recipe: async () => (await import('../../sample/recipes/auth0.js')).Auth0Module,
    claims: (url) => ({
      iss: `${url}/`,
      sub: 'auth0|507f1f77bcf86cd799439011',
      aud: ['https://chat.example.com', `${url}/userinfo`],
      azp: 'my_client_id',
      scope: 'openid profile',
      permissions: ['read:rooms'],
    }),
    user: { id: 'auth0|507f1f77bcf86cd799439011', permissions: ['read:rooms'] },
    others: { 'an ID token, whose audience is the client': { aud: 'my_client_id' } },
  },
  {
    name: 'Cognito',
    keysAt: '/eu-central-1_Abc/.well-known/jwks.json',
    environment: (url) => ({
      COGNITO_ISSUER: `${url}/eu-central-1_Abc`,
      COGNITO_CLIENT_ID: '1example23456789',
    }),
    recipe: async () => (await import('../../sample/recipes/cognito.js')).CognitoModule,
    claims: (url) => ({
      iss: `${url}/eu-central-1_Abc`,
      sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      'cognito:groups': ['staff'],
      version: 2,
      client_id: '1example23456789',
      token_use: 'access',
      scope: 'aws.cognito.signin.user.admin',
      username: 'alice',
    }),
    user: { id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', groups: ['staff'] },
    others: {
      'an ID token': { token_use: 'id', aud: '1example23456789', client_id: undefined },
      'a token for another client': { client_id: 'other' },
    },
  },
  {
    name: 'Firebase',
    keysAt: '/securetoken',
    environment: (url) => ({
      FIREBASE_PROJECT: 'chat-42',
      FIREBASE_JWKS_URI: `${url}/securetoken`,
    }),
    recipe: async () => (await import('../../sample/recipes/firebase.js')).FirebaseModule,
    claims: () => ({
      iss: 'https://securetoken.google.com/chat-42',
      aud: 'chat-42',
      auth_time: 1_700_000_000,
      user_id: 'uid1',
      sub: 'uid1',
      email_verified: true,
      firebase: { identities: {}, sign_in_provider: 'password' },
    }),
    user: { id: 'uid1', isVerified: true },
    others: {
      'another project': { iss: 'https://securetoken.google.com/other', aud: 'other' },
      'a login in the future': { auth_time: 9_999_999_999 },
    },
  },
  {
    name: 'Supabase',
    keysAt: '/auth/v1/.well-known/jwks.json',
    environment: (url) => ({ SUPABASE_ISSUER: `${url}/auth/v1` }),
    recipe: async () => (await import('../../sample/recipes/supabase.js')).SupabaseModule,
    claims: (url) => ({
      iss: `${url}/auth/v1`,
      aud: 'authenticated',
      role: 'authenticated',
      sub: 'c2f7',
      session_id: 's1',
      is_anonymous: false,
      aal: 'aal1',
    }),
    kid: 'ec',
    user: { id: 'c2f7', isAnonymous: false },
    others: {
      'the key of the service': { role: 'service_role' },
      'the public key': { role: 'anon' },
    },
  },
  {
    name: 'Clerk',
    keysAt: '/.well-known/jwks.json',
    environment: (url) => ({ CLERK_ISSUER: url, CLERK_PAGE: 'https://app.example.com' }),
    recipe: async () => (await import('../../sample/recipes/clerk.js')).ClerkModule,
    claims: (url) => ({
      iss: url,
      sub: 'user_2a',
      sid: 'sess_1',
      azp: 'https://app.example.com',
      v: 2,
      fva: [0, -1],
      sts: 'active',
    }),
    user: { id: 'user_2a', sid: 'sess_1' },
    others: {
      'another page': { azp: 'https://evil.example.com' },
      'a session that is pending': { sts: 'pending' },
      'a token without a page': { azp: undefined },
    },
  },
];

let url: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const all = Object.assign({}, ...providers.map(({ environment }) => environment(url))) as object;
  for (const [name, value] of Object.entries(all)) {
    vi.stubEnv(name, value as string);
  }
  vi.stubEnv('BETTER_AUTH_URL', `${url}/api/auth`);
  vi.stubEnv('AUTH_JS_URL', `${url}/api/auth`);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await once(server.close(), 'close');
});

const bearer = (token: string) => withHeaders({ authorization: `Bearer ${token}` });

describe.each(providers)('the recipe for tokens of $name', (provider) => {
  const { kid = 'rsa', keysAt, user, others } = provider;
  const tokenOf = (more: object = {}, options: jwt.SignOptions = {}, key?: KeyObject) => {
    const isRsa = kid === 'rsa' || key !== undefined;
    const claims = { ...provider.claims(url), ...more };
    const signed = JSON.parse(JSON.stringify(claims)) as object;
    return jwt.sign(signed, key ?? (isRsa ? rsa : ec).privateKey, {
      algorithm: isRsa ? 'RS256' : 'ES256',
      keyid: kid,
      expiresIn: 60,
      ...options,
    });
  };

  it('accepts a token of the published form, by the keys at the published address', async () => {
    await using app = await startRecipe(await provider.recipe());
    expect(await userOfClient(app, bearer(tokenOf()))).toEqual(user);
    expect(asked).toContain(keysAt);
  });

  it.each(Object.keys(others))('refuses %s', async (what) => {
    await using app = await startRecipe(await provider.recipe());
    expect((await refusalOf(app, bearer(tokenOf(others[what])))).status).toBe(401);
  });

  it('refuses an expired token, a foreign signature, another issuer and another algorithm', async () => {
    await using app = await startRecipe(await provider.recipe());
    const unsigned = `${Buffer.from(`{"alg":"none","kid":"${kid}"}`).toString('base64url')}.${tokenOf().split('.')[1]}.x`;
    const refused = [
      tokenOf({}, { expiresIn: -1 }),
      tokenOf({}, {}, stranger.privateKey),
      tokenOf({ iss: 'https://evil.example.com' }),
      unsigned,
    ];
    for (const token of refused) {
      expect((await refusalOf(app, bearer(token))).status).toBe(401);
    }
  });
});

const sessions = [
  {
    name: 'better-auth',
    recipe: async () => (await import('../../sample/recipes/better-auth.js')).BetterAuthModule,
    id: 'alice',
  },
  {
    name: 'Auth.js',
    recipe: async () => (await import('../../sample/recipes/auth-js.js')).AuthJsModule,
    id: 'alice@example.com',
  },
];

describe.each(sessions)('the recipe for sessions of $name', ({ recipe, id }) => {
  it('accepts the cookie of a session, for pages of the same origin, until the session ends', async () => {
    await using app = await startRecipe(await recipe());
    const page = { origin: app.origin, headers: { cookie: sessionCookie } };
    const exp = Date.parse(inAnHour) / 1_000;
    expect(await userOfClient(app, page)).toEqual({ id, exp });
    const elsewhere = { ...page, origin: 'https://evil.example.com' };
    expect((await refusalOf(app, elsewhere)).status).toBe(403);
  });

  it('refuses another cookie, and none', async () => {
    await using app = await startRecipe(await recipe());
    const { origin } = app;
    const headers = { cookie: 'better-auth.session_token=forged' };
    expect((await refusalOf(app, { origin, headers })).status).toBe(401);
    expect((await refusalOf(app, { origin })).status).toBe(401);
  });
});
