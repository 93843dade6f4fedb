import { describe, expect, it } from 'vitest';
import { SessionModule } from '../../sample/recipes/session.js';
import type { TestApp } from '../support/app.js';
import { ask } from '../support/http.js';
import { refusalOf, startRecipe, userOfClient } from './recipe.js';

function login(app: TestApp, password: string) {
  return ask(`${app.origin}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username: 'grace', password }),
  });
}

describe('the recipe for express-session', () => {
  it('opens the gateway to the cookie of a login, for pages of the same origin', async () => {
    await using app = await startRecipe(SessionModule);
    const answer = await login(app, 'correct horse');
    expect(answer.status).toBe(204);
    const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
    const page = { origin: app.origin, headers: { cookie } };
    expect(await userOfClient(app, page)).toEqual({ id: 'grace' });
    const elsewhere = await refusalOf(app, { ...page, origin: 'https://evil.example.com' });
    expect(elsewhere.status).toBe(403);
  });

  it('refuses a cookie without a login, and a missing one', async () => {
    await using app = await startRecipe(SessionModule);
    const failed = await login(app, 'horse');
    expect(failed.status).toBe(401);
    const cookie = { cookie: 'connect.sid=s%3Anobody.AAAA' };
    for (const headers of [cookie, {}]) {
      const refusal = await refusalOf(app, { origin: app.origin, headers });
      expect(refusal.status).toBe(401);
      expect(refusal.challenges).toEqual([expect.stringMatching(/^Bearer realm="Users"/)]);
    }
  });
});
