import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { endAll } from '../../../lib/sessions/end-all.js';
import { turns } from '../../support/turns.js';
import { FakeSession, named, NodeSessions } from './live-session-fakes.js';

const many = 1_000;
const revoked = { why: 'revoked' } as const;

/** Sessions of alice on one token, and one of bob. */
function open(count: number) {
  const node = new NodeSessions();
  const sessions = Array.from({ length: count }, () => new FakeSession(node, 'alice', named('t')));
  const bob = new FakeSession(node, 'bob', named('u'));
  return { live: node.live, sessions, bob, ended: () => sessions.filter(isEnded).length };
}

function isEnded({ endings }: FakeSession): boolean {
  return endings.length > 0;
}

describe('endAll', () => {
  afterEach(() => vi.restoreAllMocks());

  it('ends a few sessions before it returns', () => {
    const { live, sessions, ended } = open(3);
    expect(endAll(live, sessions, revoked)).toBe(3);
    expect(ended()).toBe(3);
  });

  it('does so also where each takes long', () => {
    const { live, sessions, ended } = open(3);
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
    endAll(live, sessions, revoked);
    expect(ended()).toBe(3);
  });

  it('closes thousands in pieces, and no lookup finds them meanwhile', async () => {
    const { live, sessions, bob, ended } = open(many);
    live.noteLeaving(sessions.at(-1)!);
    expect(endAll(live, live.ofUser('alice'), revoked)).toBe(many);
    expect(ended()).toBeLessThan(many / 2);
    const waiting = sessions.at(-1)!;
    expect(live.endingOf(waiting)).toBe(revoked);
    expect(live.with(waiting.session.id)).toBeUndefined();
    expect([live.size, live.staying, live.countOfUser('alice')]).toEqual([1, 1, 0]);
    expect([live.ofUser('alice'), live.ofToken('t'), live.all()]).toEqual([[], [], [bob]]);
    await turns(many / 100);
    expect(ended()).toBe(many);
    expect(live.endingOf(waiting)).toBeUndefined();
  });

  it('leaves out one session', async () => {
    const { live, sessions, ended } = open(many);
    const stays = sessions.at(-1)!;
    expect(endAll(live, sessions, revoked, stays.session.id)).toBe(many - 1);
    await turns(many / 100);
    expect(ended()).toBe(many - 1);
    expect(live.ofUser('alice')).toEqual([stays]);
  });

  it('ends a session that has ended already no second time', () => {
    const { live, sessions } = open(2);
    sessions[0]!.end({ why: 'expired' });
    sessions[0]!.end = () => undefined; // as a session ends: once
    endAll(live, sessions, revoked);
    expect([live.size, live.countOfUser('alice')]).toEqual([1, 0]);
  });

  it('K12c: ends the others where the end of one throws, and logs it', async () => {
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const { live, sessions, ended } = open(many);
    sessions[0]!.end = () => {
      throw new Error('secret');
    };
    endAll(live, sessions, revoked);
    await turns(many / 100);
    expect(ended()).toBe(many - 1);
    expect(error).toHaveBeenCalledOnce();
    expect(error.mock.calls.join()).not.toContain('secret');
  });
});
