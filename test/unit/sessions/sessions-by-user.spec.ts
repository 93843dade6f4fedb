import { describe, expect, it } from 'vitest';
import type { LiveSession } from '../../../lib/sessions/live-session.js';
import { SessionsByUser } from '../../../lib/sessions/sessions-by-user.js';

/** Sessions are told apart by identity alone. */
const [first, second, third] = Array.from({ length: 3 }, () => ({})) as [
  LiveSession,
  LiveSession,
  LiveSession,
];

function of(...sessions: readonly LiveSession[]): SessionsByUser {
  const byUser = new SessionsByUser();
  sessions.forEach((session) => byUser.add('alice', session));
  return byUser;
}

describe('the sessions of a user', () => {
  it('are none, one or many, oldest first', () => {
    expect(of().of('alice')).toEqual([]);
    for (const sessions of [[first], [first, second], [third, first, second]]) {
      const found = of(...sessions).of('alice');
      expect(found).toHaveLength(sessions.length);
      expect(found.every((session, index) => session === sessions[index])).toBe(true);
    }
  });

  it('are nobody else’s', () => {
    expect(of(first).of('bob')).toEqual([]);
  });

  it('hold each session once', () => {
    expect(of(first, first).of('alice')).toHaveLength(1);
    expect(of(first, second, first).of('alice')).toHaveLength(2);
  });

  it('are forgotten one by one', () => {
    const byUser = of(first, second);
    byUser.delete('alice', third);
    byUser.delete('bob', first);
    expect(byUser.of('alice')).toHaveLength(2);
    byUser.delete('alice', first);
    expect(byUser.of('alice')[0]).toBe(second);
    byUser.delete('alice', first);
    expect(byUser.of('alice')).toHaveLength(1);
    byUser.delete('alice', second);
    expect(byUser.of('alice')).toEqual([]);
    byUser.add('alice', third);
    byUser.delete('alice', third);
    expect(byUser.of('alice')).toEqual([]);
  });
});
