import { describe, expect, it } from 'vitest';
import type { LiveSession } from '../../../lib/sessions/live-session.js';
import { SessionsByKey } from '../../../lib/sessions/sessions-by-key.js';

/** Sessions are distinguished by identity alone. */
const [first, second, third] = Array.from({ length: 3 }, () => ({})) as [
  LiveSession,
  LiveSession,
  LiveSession,
];

function of(...sessions: readonly LiveSession[]): SessionsByKey {
  const byKey = new SessionsByKey();
  sessions.forEach((session) => byKey.add('alice', session));
  return byKey;
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

  it('belong to their user alone', () => {
    expect(of(first).of('bob')).toEqual([]);
  });

  it('hold each session once', () => {
    expect(of(first, first).of('alice')).toHaveLength(1);
    expect(of(first, second, first).of('alice')).toHaveLength(2);
  });

  it('are forgotten one by one', () => {
    const byKey = of(first, second);
    byKey.delete('alice', third);
    byKey.delete('bob', first);
    expect(byKey.of('alice')).toHaveLength(2);
    byKey.delete('alice', first);
    expect(byKey.of('alice')[0]).toBe(second);
    byKey.delete('alice', first);
    expect(byKey.of('alice')).toHaveLength(1);
    byKey.delete('alice', second);
    expect(byKey.of('alice')).toEqual([]);
    byKey.add('alice', third);
    byKey.delete('alice', third);
    expect(byKey.of('alice')).toEqual([]);
  });
});
