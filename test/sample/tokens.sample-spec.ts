import { describe, expect, it } from 'vitest';
import { useSample } from './running-sample.js';

const refusedNames: readonly unknown[] = [
  undefined,
  null,
  '',
  ' ',
  'two words',
  'line\nbreak',
  'zero\u200Bwidth',
  'a:b',
  'x'.repeat(65),
  42,
  ['alice'],
  { name: 'alice' },
];

describe('tokens and pages of the sample', () => {
  const sample = useSample();

  it('issues a token with 201 and its expiry in milliseconds', async () => {
    const before = Date.now();
    const response = await sample().createToken({ user: 'alice' });
    const body = (await response.json()) as { token: string; expiresAt: number };
    expect(response.status).toBe(201);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({ token: expect.any(String), expiresAt: expect.any(Number) });
    expect(body.expiresAt - before).toBeGreaterThan(58_000);
    expect(body.expiresAt - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it.each(refusedNames.map((user) => [JSON.stringify(user), user]))(
    'refuses the user name %s with 400',
    async (_name, user) => {
      expect((await sample().createToken({ user })).status).toBe(400);
    },
  );

  it.each(['a', 'Zoë', '李小龍', 'alice@example.com', '🦊'.repeat(64)])(
    'takes the user name %s',
    async (user) => {
      expect((await sample().createToken({ user })).status).toBe(201);
    },
  );

  it('refuses a body that is not JSON', async () => {
    const response = await fetch(sample().http('/tokens'), { method: 'POST', body: 'user=alice' });
    expect(response.status).toBe(400);
  });

  it('serves the page with a policy that allows no inline code, and keeps it out of caches', async () => {
    const { headers } = await fetch(sample().http('/?user=alice'));
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('escapes what the address puts into the page', async () => {
    const attack = `"><script>alert(1)</script>`;
    const query = new URLSearchParams({ user: '<b>&\'"', token: attack });
    const page = await (await fetch(sample().http(`/?${query.toString()}`))).text();
    expect(page).toContain('<strong>&lt;b&gt;&amp;&#39;&quot;</strong>');
    expect(page).not.toContain('<script>alert');
  });

  it('asks again for a name that it cannot take', async () => {
    const page = await (await fetch(sample().http('/?user=two+words'))).text();
    expect(page).toContain('That name does not work');
  });
});
