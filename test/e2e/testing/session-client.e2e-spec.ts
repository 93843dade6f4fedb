import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryWsAuthStore, WsAuthEvents, WsAuthSessions } from '../../../lib/index.js';
import { connect, connectAs, expectRefused, fakeTimers } from '../../../lib/testing.js';
import { startProtected, type TestApp } from '../../support/app.js';
import { bearer } from '../../support/tokens.js';

const alice = { id: 'alice' };
const secondsFromNow = (seconds: number) => Date.now() / 1_000 + seconds;

afterEach(() => {
  vi.useRealTimers();
});

/** Events about sessions, in order. */
function record(app: TestApp): string[] {
  const heard: string[] = [];
  for (const name of [
    'reauthenticated',
    'expiring',
    'expired',
    'revoked',
    'disconnected',
  ] as const) {
    app.nest.get(WsAuthEvents).on(name, () => heard.push(name));
  }
  return heard;
}

describe.each([
  ['the clock of the machine', () => undefined],
  ['fake timers', () => vi.useFakeTimers(fakeTimers.vitest)],
])('a session client, under %s', (_name, prepare) => {
  it('expires its session without waiting', async () => {
    prepare();
    await using app = await startProtected();
    const heard = record(app);
    await using client = await connectAs(app.nest, { ...alice, exp: secondsFromNow(3_600) });
    expect(await client.expire()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.session).toBeUndefined();
    expect(heard).toContain('expired');
  });

  it('revokes its session, and the credential with it', async () => {
    prepare();
    await using app = await startProtected();
    const options = bearer();
    await using client = await connect(app.nest, options);
    await using other = await connectAs(app.nest, alice);
    expect(await client.revoke({ reason: 'logged out' })).toEqual({
      code: 3000,
      reason: 'logged out',
    });
    await expectRefused(connect(app.nest, options), { status: 401, reason: 'revoked' });
    expect(other.session?.userId).toBe('alice');
  });

  it('renews its session, and receives the new expiry', async () => {
    prepare();
    await using app = await startProtected();
    const heard = record(app);
    await using client = await connectAs(app.nest, { ...alice, exp: secondsFromNow(60) });
    const exp = secondsFromNow(120);
    const renewed = client.renew({ ...alice, exp });
    expect(renewed).toBe(client.session);
    expect(await client.nextEvent()).toEqual({
      event: 'authenticated',
      data: { expiresAt: exp * 1_000 },
    });
    expect(() => client.renew({ id: 'bob' })).toThrow('other user');
    expect(heard).toEqual(['reauthenticated']);
  });
});

describe('time that passes', () => {
  it('warns the client, and ends its session', async () => {
    vi.useFakeTimers(fakeTimers.vitest);
    await using app = await startProtected();
    const exp = secondsFromNow(60);
    await using client = await connectAs(app.nest, { ...alice, exp });
    vi.advanceTimersByTime(30_000);
    expect(await client.nextEvent()).toEqual({
      event: 'expiring',
      data: { expiresAt: exp * 1_000 },
    });
    vi.advanceTimersByTime(30_000);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });

  it('may be advanced by a day: no heartbeat terminates the client', async () => {
    vi.useFakeTimers(fakeTimers.vitest);
    await using app = await startProtected();
    await using client = await connectAs(app.nest, { ...alice, exp: secondsFromNow(86_400) });
    vi.advanceTimersByTime(86_400_000);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });

  it('does not end what the client waits for', async () => {
    vi.useFakeTimers(fakeTimers.vitest);
    await using app = await startProtected();
    await using client = await connectAs(app.nest, alice);
    const answer = client.nextEvent();
    vi.advanceTimersByTime(60_000);
    client.emit('echo', 'still here');
    expect(await answer).toEqual({ event: 'echo', data: 'still here' });
  });
});

describe('a client without a session', () => {
  it.each([
    ['expire', (client: Awaited<ReturnType<typeof connect>>) => client.expire()],
    ['revoke', (client: Awaited<ReturnType<typeof connect>>) => client.revoke()],
    ['renew', async (client: Awaited<ReturnType<typeof connect>>) => client.renew(alice)],
  ])('can not %s it', async (_name, act) => {
    await using app = await startProtected();
    await using pending = await connect(app.nest);
    await expect(act(pending)).rejects.toThrow('the client has no session');
  });
});

describe('two applications on one store', () => {
  it('end the sessions of a user who has logged out at the other', async () => {
    const store = new MemoryWsAuthStore();
    await using here = await startProtected({ store });
    await using there = await startProtected({ store });
    await using phone = await connectAs(here.nest, alice);
    await using laptop = await connectAs(there.nest, alice);
    await using bob = await connectAs(there.nest, { id: 'bob' });
    await here.nest.get(WsAuthSessions).revoke({ userId: 'alice' }, { reason: 'logged out' });
    expect(await phone.closed()).toEqual({ code: 3000, reason: 'logged out' });
    expect(await laptop.closed()).toEqual({ code: 3000, reason: 'logged out' });
    expect(await bob.ask('whoami')).toMatchObject({ user: 'bob' });
  });

  it('end a session that its client revokes at the other, and its token', async () => {
    const store = new MemoryWsAuthStore();
    await using here = await startProtected({ store });
    await using there = await startProtected({ store });
    const options = bearer();
    await using client = await connect(here.nest, options);
    await client.revoke();
    await expectRefused(connect(there.nest, options), { status: 401, reason: 'revoked' });
  });
});
