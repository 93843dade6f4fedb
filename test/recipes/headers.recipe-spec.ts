import { createHash } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { describe, expect, it } from 'vitest';
import { AnonymousModule } from '../../sample/recipes/anonymous.js';
import { CustomModule, signatureOf } from '../../sample/recipes/custom.js';
import { HeaderApiKeyModule } from '../../sample/recipes/header-api-key.js';
import { HttpBasicModule } from '../../sample/recipes/http-basic.js';
import { HttpBearerModule } from '../../sample/recipes/http-bearer.js';
import { HttpDigestModule } from '../../sample/recipes/http-digest.js';
import { JwtRecipeModule } from '../../sample/recipes/jwt.js';
import { basicHeader } from '../support/tokens.js';
import {
  closeOfMessage,
  refusalOf,
  rejected,
  startRecipe,
  userOfClient,
  userOfMessage,
  withHeaders,
} from './recipe.js';

const authorization = (value: string) => withHeaders({ authorization: value });
const key = (value: string) => withHeaders({ 'X-Api-Key': value });
const device = (signature: string) =>
  withHeaders({ 'X-Device': 'lift-7', 'X-Signature': signature });

describe('the recipe for passport-http Basic', () => {
  it('accepts the whole password, and refuses others with a Basic challenge', async () => {
    await using app = await startRecipe(HttpBasicModule);
    const user = await userOfClient(app, authorization(basicHeader('alice', 'pa:ss')));
    expect(user).toEqual({ id: 'alice' });
    const challenges = ['Basic realm="Users", charset="UTF-8"'];
    for (const password of ['pa', 'pa:', 'pa:ss:']) {
      const refusal = await refusalOf(app, authorization(basicHeader('alice', password)));
      expect(refusal).toMatchObject({ status: 401, challenges });
    }
    expect(await refusalOf(app, {})).toMatchObject({ status: 401, challenges });
  });
});

function md5(...parts: string[]): string {
  return createHash('md5').update(parts.join(':')).digest('hex');
}

/** What a client answers to the challenge (RFC 7616 §3.4). */
function digestAnswer(challenge: string, password: string): string {
  const nonce = /nonce="(\w+)"/.exec(challenge)![1]!;
  const [nc, cnonce, qop, uri] = ['00000001', 'c0ffee', 'auth', '/hello'];
  const secret = md5('dora', 'Vault', password);
  const response = md5(secret, nonce, nc, cnonce, qop, md5('GET', uri));
  return (
    `Digest username="dora", realm="Vault", nonce="${nonce}", uri="${uri}", qop=${qop}, nc=${nc}, ` +
    `cnonce="${cnonce}", response="${response}"`
  );
}

describe('the recipe for passport-http Digest', () => {
  it('sends the challenge of the strategy, and accepts the answer to it', async () => {
    await using app = await startRecipe(HttpDigestModule);
    const { status, challenges } = await refusalOf(app, {});
    expect(status).toBe(401);
    expect(challenges).toEqual([
      expect.stringMatching(/^Digest realm="Vault", nonce="\w+", qop="auth"$/),
    ]);
    const answer = authorization(digestAnswer(challenges[0]!, 'open sesame'));
    expect(await userOfClient(app, answer)).toEqual({ id: 'dora' });
    const wrong = await refusalOf(app, authorization(digestAnswer(challenges[0]!, 'sesame')));
    expect(wrong.status).toBe(401);
    expect(wrong.challenges).toEqual([expect.stringMatching(/^Digest realm="Vault"/)]);
  });
});

describe('the recipe for passport-http-bearer', () => {
  it('accepts a token in the header and in the first message', async () => {
    await using app = await startRecipe(HttpBearerModule);
    const carol = { id: 'carol' };
    expect(await userOfClient(app, authorization('Bearer token-of-carol'))).toEqual(carol);
    expect(await userOfMessage(app, { token: 'token-of-carol' })).toEqual(carol);
    expect(await refusalOf(app, authorization('Bearer wrong'))).toMatchObject({
      status: 401,
      challenges: [
        'Basic realm="Users", charset="UTF-8"',
        'Bearer realm="Users", error="invalid_token"',
      ],
    });
    expect(await closeOfMessage(app, { token: 'wrong' })).toEqual(rejected);
  });
});

describe('the recipe for passport-jwt', () => {
  it('accepts what JwtService signs, and refuses what has ended or is not its own', async () => {
    await using app = await startRecipe(JwtRecipeModule);
    const jwt = app.nest.get(JwtService, { strict: false });
    const token = await jwt.signAsync({ sub: 'alice' });
    const alice = { id: 'alice' };
    expect(await userOfClient(app, authorization(`Bearer ${token}`))).toEqual(alice);
    expect(await userOfMessage(app, { token })).toEqual(alice);
    const ended = await jwt.signAsync({ sub: 'alice' }, { expiresIn: -1 });
    const foreign = await jwt.signAsync({ sub: 'alice' }, { secret: 'of somebody else' });
    for (const bad of [ended, foreign, `${token}x`]) {
      const refusal = await refusalOf(app, authorization(`Bearer ${bad}`));
      expect(refusal.status).toBe(401);
      expect(refusal.challenges).toContain('Bearer realm="Users", error="invalid_token"');
    }
  });
});

describe('the recipe for passport-custom', () => {
  it('accepts a device that signs its name, and refuses others', async () => {
    await using app = await startRecipe(CustomModule);
    expect(await userOfClient(app, device(signatureOf('lift-7')))).toEqual({ id: 'lift-7' });
    for (const options of [device(signatureOf('lift-8')), device('x'), {}]) {
      expect(await refusalOf(app, options)).toMatchObject({
        status: 401,
        challenges: [expect.stringMatching(/^Bearer realm="Users"/)],
      });
    }
  });
});

describe('the recipe for passport-headerapikey', () => {
  it('accepts the key, and refuses another and none', async () => {
    await using app = await startRecipe(HeaderApiKeyModule);
    expect(await userOfClient(app, key('key-of-robot'))).toEqual({ id: 'robot' });
    for (const options of [key('key-of-nobody'), {}]) {
      expect(await refusalOf(app, options)).toMatchObject({
        status: 401,
        challenges: [expect.stringMatching(/^Bearer realm="Users"/)],
      });
    }
  });
});

describe('the recipe for passport-anonymous', () => {
  it('accepts a client without a token as anonymous, and refuses a bad token', async () => {
    await using app = await startRecipe(AnonymousModule);
    expect(await userOfClient(app)).toBeNull();
    const carol = await userOfClient(app, authorization('Bearer token-of-carol'));
    expect(carol).toEqual({ id: 'carol' });
    expect(await refusalOf(app, authorization('Bearer wrong'))).toMatchObject({
      status: 401,
      challenges: ['Bearer realm="Users", error="invalid_token"'],
    });
  });
});
