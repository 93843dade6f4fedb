import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encounter } from './encounter.js';
import { combinedWays, greetingGateways, type Way } from './gateways.js';
import { RunningSample, useSample } from './running-sample.js';

const everyWay = [...greetingGateways, ...combinedWays];
const named = (ways: readonly Way[]) => ways.map((way) => ({ name: way.name, way }));

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** A token with right claims whose signature anybody could have made. */
function forge(user: string, alg: 'HS256' | 'none'): string {
  const exp = Math.floor(Date.now() / 1000) + 60;
  const content = `${encode({ alg, typ: 'JWT' })}.${encode({ sub: user, exp })}`;
  if (alg === 'none') return `${content}.`;
  return `${content}.${createHmac('sha256', 'guessed').update(content).digest('base64url')}`;
}

/** Puts another user into a token that the sample signed. */
function tamper(token: string): string {
  const [header, claims, signature] = token.split('.');
  const said = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString()) as object;
  return [header, encode({ ...said, sub: 'bob' }), signature].join('.');
}

async function expectRefused(sample: RunningSample, way: Way, user: string, token: string) {
  const { status, challenges, received, code } = await encounter(
    ...way.approach(sample, user, token),
  );
  expect(received).toEqual([]);
  if (way.decides === 'first message')
    return expect({ status, code }).toEqual({ status: 101, code: 3000 });
  expect(challenges).not.toEqual([]);
  return expect(status).toBe(401);
}

describe('authentication in the sample', () => {
  const sample = useSample();

  it.each(named(greetingGateways))('greets the user of the token: $name', async ({ way }) => {
    const token = await sample().token('alice');
    const { received, code } = await encounter(...way.approach(sample(), 'alice', token));
    expect(received).toEqual(['Hello alice!']);
    expect(code).toBe(1000);
  });

  it.each(named(combinedWays))('answers whoami: $name', async ({ way }) => {
    const token = await sample().token('alice');
    const { received } = await encounter(...way.approach(sample(), 'alice', token));
    expect(JSON.parse(received.at(-1) ?? '{}')).toEqual({
      event: 'whoami',
      data: { user: 'alice', via: way.via },
    });
  });

  it('answers whoami on the combined endpoint after a first message', async () => {
    const token = await sample().token('alice');
    const { received } = await encounter(sample().ws(0, { path: '/ws' }), {
      send: JSON.stringify({ event: 'authenticate', data: { token } }),
      thenSend: JSON.stringify({ event: 'whoami' }),
    });
    expect(received.map((text) => JSON.parse(text) as unknown)).toEqual([
      { event: 'authenticated', data: { expiresAt: expect.any(Number) } },
      { event: 'whoami', data: { user: 'alice', via: 'fromFirstMessage' } },
    ]);
  });

  describe.each(named(everyWay))('refuses, by $name,', ({ way }) => {
    it('a token that another key signed', async () =>
      expectRefused(sample(), way, 'alice', forge('alice', 'HS256')));
    it('an unsigned token', async () =>
      expectRefused(sample(), way, 'alice', forge('alice', 'none')));
    it('a token whose user was changed', async () =>
      expectRefused(sample(), way, 'bob', tamper(await sample().token('alice'))));
  });

  it.each([4, 0])(
    'refuses the token of one user under the name of another (port +%i)',
    async (offset) => {
      const userInfo = `bob:${await sample().token('alice')}`;
      const address = sample().ws(offset, { path: offset === 0 ? '/ws' : '/', userInfo });
      expect((await encounter(address)).status).toBe(401);
    },
  );

  it('refuses a page of another origin where the browser attaches the credentials', async () => {
    const headers = { cookie: `token=${await sample().token()}`, origin: 'http://localhost:1' };
    expect((await encounter(sample().ws(3), { headers })).status).toBe(403);
  });

  it('refuses an expired token by every way', async () => {
    // One millisecond ends in the second in which the token is issued: it is never valid.
    await using expiring = await RunningSample.start({ SAMPLE_TOKEN_TTL_MS: '1' });
    const token = await expiring.token('alice');
    for (const way of everyWay) await expectRefused(expiring, way, 'alice', token);
  });
});
