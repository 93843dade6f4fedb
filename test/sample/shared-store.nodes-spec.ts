import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisServer } from '../support/redis.js';
import { encounter } from './encounter.js';
import { RunningSample } from './running-sample.js';
import { UserSocket } from './user-socket.js';

const open = async (sample: RunningSample, user: string) =>
  UserSocket.open(sample, await sample.token(user));

describe('two samples that share a Redis', () => {
  let redis: RedisServer;
  let samples: readonly [RunningSample, RunningSample];
  beforeAll(async () => {
    redis = await RedisServer.start();
    const environment = { REDIS_URL: redis.url };
    samples = [await RunningSample.start(environment), await RunningSample.start(environment)];
  }, 300_000);
  afterAll(async () => {
    await Promise.all((samples ?? []).map(async (sample) => sample[Symbol.asyncDispose]()));
    await redis?.[Symbol.asyncDispose]();
  });

  it('log a user out of both, and no other user', async () => {
    const [here, there] = samples;
    const sockets = [await open(here, 'alice'), await open(there, 'alice')];
    const bystander = await open(there, 'bob');
    const stale = await there.token('alice');
    const response = await here.as(await here.token('alice'), '/sessions', 'DELETE');
    expect(await response.json()).toEqual({ closed: 1 });
    for (const { closed } of sockets) {
      expect(await closed).toEqual({ code: 3000, reason: 'revoked' });
    }
    await expect(UserSocket.open(there, stale)).rejects.toThrow('closed with 3000');
    (await open(there, 'alice')).websocket.close();
    await bystander.barrier();
    bystander.websocket.close();
  });

  it('take tickets of each other, each of them once', async () => {
    const [here, there] = samples;
    const ticket = await here.ticket(await here.token('carol'));
    const path = `/?token=${ticket}`;
    const encounters = await Promise.all(
      [here, there, here, there].map(async (sample) => encounter(sample.ws(2, { path }))),
    );
    expect(encounters.filter(({ status }) => status === 401)).toHaveLength(3);
    expect(encounters.find(({ status }) => status === 101)?.received).toEqual(['Hello carol!']);
  });

  it.each(['there', 'gone'])('end with exit code 0 while Redis is %s', async (state) => {
    await using own = await RedisServer.start();
    await using sample = await RunningSample.start({ REDIS_URL: own.url });
    await open(sample, 'dora');
    if (state === 'gone') await own.kill();
    expect(await sample.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});
