import { expect, it } from 'vitest';
import { HttpSessionModule } from '../../sample/recipes/http-session.js';
import { ask } from '../support/http.js';
import { refusalOf, startRecipe, userOfClient } from './recipe.js';

it('K8i: the recipe for the data of an HTTP session hands it to the handlers', async () => {
  await using app = await startRecipe(HttpSessionModule);
  const answer = await ask(`${app.origin}/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ userId: 'grace' }),
  });
  expect(answer.status).toBe(204);
  const cookie = answer.headers['set-cookie']![0]!.split(';')[0]!;
  const page = { origin: app.origin, headers: { cookie } };
  expect(await userOfClient(app, page)).toEqual(['book']);
  expect((await refusalOf(app, { ...page, origin: 'https://evil.example.com' })).status).toBe(403);
  expect((await refusalOf(app, { origin: app.origin })).status).toBe(401);
});
