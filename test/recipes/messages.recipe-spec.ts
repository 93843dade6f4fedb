import { describe, expect, it } from 'vitest';
import { LocalModule } from '../../sample/recipes/local.js';
import { UniqueTokenModule } from '../../sample/recipes/unique-token.js';
import {
  closeOfMessage,
  refusalOf,
  rejected,
  startRecipe,
  userOfClient,
  userOfMessage,
  withHeaders,
} from './recipe.js';

describe('the recipe for passport-local', () => {
  it('accepts user name and password in the first message, and closes wrong ones', async () => {
    await using app = await startRecipe(LocalModule);
    const right = { username: 'erin', password: 'correct horse' };
    expect(await userOfMessage(app, right)).toEqual({ id: 'erin' });
    expect(await closeOfMessage(app, { ...right, password: 'horse' })).toEqual(rejected);
    expect(await closeOfMessage(app, { username: 'erin' })).toEqual({
      code: 3000,
      reason: 'malformed credential',
    });
  });
});

describe('the recipe for passport-unique-token', () => {
  const token = 'invitation-of-frank';
  const frank = { id: 'frank' };

  it('accepts the token in each of its places', async () => {
    await using app = await startRecipe(UniqueTokenModule);
    expect(await userOfClient(app, withHeaders({ token }))).toEqual(frank);
    expect(await userOfClient(app, {}, `/hello?token=${token}`)).toEqual(frank);
    expect(await userOfMessage(app, { token })).toEqual(frank);
  });

  it('refuses another token in each of them', async () => {
    await using app = await startRecipe(UniqueTokenModule);
    const refused = { status: 401, body: 'credential rejected\n' };
    expect(await refusalOf(app, withHeaders({ token: 'wrong' }))).toMatchObject(refused);
    expect(await refusalOf(app, {}, '/hello?token=wrong')).toMatchObject(refused);
    expect(await closeOfMessage(app, { token: 'wrong' })).toEqual(rejected);
  });
});
