import { describe, expect, it, vi } from 'vitest';
import { Inbox, type InboxMessage } from '../../../lib/adapters/inbox.js';
import type { SessionLifecycle } from '../../../lib/adapters/session-lifecycle.js';

/** An inbox with a session, whose hooks run until `release()`. */
function held() {
  const handled: InboxMessage[] = [];
  const life = {
    isOpen: true,
    context: { policy: { events: { authenticate: 'authenticate' } } },
    within: (run: () => void) => run(),
    end: vi.fn(() => (life.isOpen = false)),
  };
  const inbox = new Inbox((message) => handled.push(message));
  inbox.begin(life as unknown as SessionLifecycle);
  return { inbox, life, handled, release: inbox.hold(() => undefined) };
}

describe('Inbox', () => {
  it('keeps messages while hooks of the connection run, and has them handled in order', () => {
    const { inbox, handled, release } = held();
    inbox.receive({ event: 'a' });
    inbox.receive({ event: 'b', data: 'x'.repeat(2_000) });
    expect(handled).toEqual([]);
    release();
    expect(handled.map(({ event }) => event)).toEqual(['a', 'b']);
  });

  it.each([
    ['large', 'x'.repeat(10_000), 110],
    ['empty', undefined, 20_000],
  ])('ends a client that sends too many %s ones meanwhile', (_kind, data, most) => {
    const { inbox, life, handled, release } = held();
    let sent = 0;
    while (life.isOpen && sent < most) {
      inbox.receive({ event: 'a', data });
      sent += 1;
    }
    expect(life.end).toHaveBeenCalledExactlyOnceWith({ why: 'failed' });
    release();
    expect(handled).toEqual([]);
  });
});
