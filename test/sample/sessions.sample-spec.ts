import { describe, expect, it } from 'vitest';
import { EventStream } from './event-stream.js';
import { RunningSample, useSample } from './running-sample.js';
import { UserSocket } from './user-socket.js';

describe('sessions of the sample', () => {
  const sample = useSample();

  const open = async (user: string) => UserSocket.open(sample(), await sample().token(user));
  const listen = async (user: string, lastEventId?: string) =>
    EventStream.open(sample().http('/sessions/events'), {
      token: await sample().token(user),
      ...(lastEventId !== undefined && { lastEventId }),
    });

  it.each([
    ['GET', '/sessions/events'],
    ['DELETE', '/sessions/any'],
    ['DELETE', '/sessions'],
  ])('refuses %s %s without a valid token with 401', async (method, path) => {
    expect((await fetch(sample().http(path), { method })).status).toBe(401);
    expect((await sample().as('a-wrong-token', path, method)).status).toBe(401);
  });

  it('ends one session of the user with 204 and 3000, and revokes its token', async () => {
    const token = await sample().token('alice');
    const [ended, other] = [await UserSocket.open(sample(), token), await open('alice')];
    const path = `/sessions/${ended.session.sessionId}`;
    expect((await sample().as(await sample().token('alice'), path, 'DELETE')).status).toBe(204);
    expect(await ended.closed).toEqual({ code: 3000, reason: 'revoked' });
    await expect(UserSocket.open(sample(), token)).rejects.toThrow('closed with 3000');
    await other.barrier();
    other.websocket.close();
  });

  it('answers 404 for a session of another user, as for one that does not exist', async () => {
    const alice = await open('alice');
    const bob = await sample().token('bob');
    const answers = await Promise.all(
      [alice.session.sessionId, 'no-such-session'].map(async (id) => {
        const response = await sample().as(bob, `/sessions/${id}`, 'DELETE');
        return [response.status, await response.text()];
      }),
    );
    expect(answers[0]).toEqual([404, expect.any(String)]);
    expect(answers[1]).toEqual(answers[0]);
    await alice.barrier();
    alice.websocket.close();
  });

  it('logs one user out everywhere, and accepts a new token immediately', async () => {
    const token = await sample().token('dora');
    const sockets = [await open('dora'), await open('dora')];
    const bystander = await open('erin');
    const response = await sample().as(token, '/sessions', 'DELETE');
    expect([response.status, await response.json()]).toEqual([200, { closed: 2 }]);
    for (const { closed } of sockets) {
      expect(await closed).toEqual({ code: 3000, reason: 'revoked' });
    }
    await expect(UserSocket.open(sample(), token)).rejects.toThrow('closed with 3000');
    (await open('dora')).websocket.close();
    await bystander.barrier();
    bystander.websocket.close();
  });

  it('streams to a user every own session and event, without a credential', async () => {
    const first = await open('frank');
    await using stream = await listen('frank');
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.response.headers.get('cache-control')).toMatch(/no-cache|no-store/);
    expect(await stream.next()).toMatchObject({ type: 'open', data: [first.session] });
    const token = await sample().token('frank');
    const { session, websocket } = await UserSocket.open(sample(), token);
    const authenticated = await stream.next();
    expect(authenticated).toMatchObject({
      type: 'event',
      data: { name: 'authenticated', sessionId: session.sessionId, session },
    });
    expect(JSON.stringify(authenticated)).not.toContain(token);
    websocket.close(1000);
    expect(await stream.next()).toMatchObject({
      data: { name: 'disconnected', sessionId: session.sessionId, code: 1000 },
    });
    first.websocket.close();
  });

  it('streams nothing of other users', async () => {
    const others = await open('grace');
    await using stream = await listen('henry');
    expect(await stream.next()).toMatchObject({ type: 'open', data: [] });
    await sample().as(await sample().token('grace'), '/sessions', 'DELETE');
    await others.closed;
    // What comes next is the user's own event: nothing of the others came before it.
    const own = await open('henry');
    expect(await stream.next()).toMatchObject({
      data: { name: 'authenticated', sessionId: own.session.sessionId },
    });
    own.websocket.close();
  });

  it('resumes an interrupted stream, without events of other users', async () => {
    const own = await open('ivan');
    await using interrupted = await listen('ivan');
    const last = await interrupted.next();
    await interrupted[Symbol.asyncDispose]();
    const others = await open('judy');
    own.websocket.close(1000);
    await own.closed;
    await using resumed = await listen('ivan', last?.id);
    expect((await resumed.next())?.type).toBe('open');
    const { data } = await resumed.until('disconnected');
    expect(data).toMatchObject({ sessionId: own.session.sessionId });
    others.websocket.close();
  });

  it('ends every stream, and the process, on a signal', async () => {
    await using stopping = await RunningSample.start();
    const token = await stopping.token();
    await using stream = await EventStream.open(stopping.http('/sessions/events'), { token });
    expect(await stream.next()).toMatchObject({ type: 'open' });
    expect(await stopping.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await stream.next()).toBeUndefined();
  });

  it('does not let a stream outlive its token', async () => {
    await using brief = await RunningSample.start({ SAMPLE_TOKEN_TTL_MS: '3000' });
    const token = await brief.token();
    await using stream = await EventStream.open(brief.http('/sessions/events'), { token });
    expect(await stream.next()).toMatchObject({ type: 'open' });
    expect(await stream.next()).toBeUndefined();
    expect((await brief.as(token, '/sessions/events', 'GET')).status).toBe(401);
  });
});
