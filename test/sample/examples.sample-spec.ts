import { createClient } from 'graphql-ws';
import jwt from 'jsonwebtoken';
import { subscriptionParams } from 'nestjs-ws-auth/graphql-ws-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { AppModule as GraphqlModule } from '../../sample/examples/graphql/app.module.js';
import { AppModule as SocketIoModule } from '../../sample/examples/socket-io/app.module.js';
import { joinChat } from '../../sample/examples/socket-io/client.js';
import { AppModule as NodeModule } from '../../sample/examples/two-nodes/app.module.js';
import { bearer } from '../support/tokens.js';
import { RedisServer } from '../support/redis.js';
import { Example } from './example.js';

const secret = 'the secret of the examples';
const tokenOf = (sub: string) => jwt.sign({ sub }, secret, { expiresIn: 60 });
const tokenFor = (user: string) => () => Promise.resolve(tokenOf(user));

beforeAll(() => void vi.stubEnv('JWT_SECRET', secret));
afterAll(() => void vi.unstubAllEnvs());

describe('the example of two nodes', () => {
  it('logs a user out of the other node, and refuses the token on both', async () => {
    await using redis = await RedisServer.start();
    vi.stubEnv('REDIS_URL', redis.url);
    await using one = await Example.start(NodeModule);
    await using other = await Example.start(NodeModule);
    const token = tokenOf('alice');
    await using client = await one.chat(bearer(token)).opened();
    expect(await client.ask('hello')).toBe('Hello alice!');
    expect((await other.post('/logout', bearer(token).headers)).status).toBe(204);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'revoked' });
    for (const node of [one, other]) {
      await using refused = node.chat(bearer(token));
      expect(await refused.refusal()).toMatchObject({ status: 401 });
    }
  });
});

describe('the example of Socket.IO', () => {
  it('speaks to all, and whispers to one user', async () => {
    await using example = await Example.start(SocketIoModule);
    const alice = joinChat(example.origin, tokenFor('alice'));
    const bob = joinChat(example.origin, tokenFor('bob'));
    const next = (event: string) => new Promise((resolve) => bob.once(event, resolve));
    await Promise.all([alice, bob].map((each) => each.emitWithAck('say', 'here I am')));
    const said = next('said');
    await expect(alice.emitWithAck('say', 'hello')).resolves.toBe('sent');
    await expect(said).resolves.toEqual({ from: 'alice', text: 'hello' });
    const whispered = next('whispered');
    await expect(alice.emitWithAck('whisper', { to: 'bob', text: 'psst' })).resolves.toBe('sent');
    await expect(whispered).resolves.toEqual({ from: 'alice', text: 'psst' });
    alice.disconnect();
    bob.disconnect();
  });
});

describe('the example of GraphQL', () => {
  it('delivers to a subscription what was added over HTTP, and refuses without a token', async () => {
    await using example = await Example.start(GraphqlModule);
    const client = createClient({
      url: `${example.origin.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      ...subscriptionParams({ token: tokenFor('alice') }),
    });
    const notes = client.iterate({ query: 'subscription { notes }' });
    expect((await notes.next()).value).toEqual({ data: { notes: 'Hello alice!' } });
    const next = notes.next();
    const mutation = { query: 'mutation { addNote(text: "milk") }' };
    const added = await (
      await example.post('/graphql', bearer(tokenOf('bob')).headers, mutation)
    ).json();
    expect(added).toEqual({ data: { addNote: true } });
    expect((await next).value).toEqual({ data: { notes: 'milk' } });
    const refused = await (
      await example.post('/graphql', bearer('forged').headers, mutation)
    ).json();
    expect(JSON.stringify(refused)).toContain('UNAUTHENTICATED');
    await client.dispose();
  });
});
