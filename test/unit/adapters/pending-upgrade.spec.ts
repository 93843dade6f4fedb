import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Peer } from '../../../lib/adapters/peer.js';
import { PendingUpgrade } from '../../../lib/adapters/pending-upgrade.js';
import type { UpgradeSubject } from '../../../lib/authentication/authenticator.js';

function startUpgrade() {
  const socket = new EventEmitter();
  const ended: PendingUpgrade[] = [];
  const peer = { socket } as unknown as Peer;
  const upgrade = new PendingUpgrade({} as UpgradeSubject, peer, (one) => ended.push(one));
  return { socket, ended, upgrade, listeners: () => socket.eventNames().length };
}

describe('an upgrade that is being decided', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('needs neither timer nor listeners to be decided synchronously', () => {
    const { upgrade, ended, listeners } = startUpgrade();
    expect([listeners(), vi.getTimerCount(), upgrade.waits]).toEqual([0, 0, false]);
    upgrade.attempt.settle();
    expect(ended).toEqual([upgrade]);
  });

  it('ends so long after it has begun, however much of that had gone before anybody waited', () => {
    const { upgrade, ended } = startUpgrade();
    vi.advanceTimersByTime(800);
    upgrade.wait(1_000);
    vi.advanceTimersByTime(199);
    expect(upgrade.attempt.running).toBe(true);
    vi.advanceTimersByTime(1);
    expect(upgrade.attempt.refusal?.httpStatus).toBe(503);
    expect(ended).toEqual([upgrade]);
  });

  it('takes no notice of a moment', () => {
    const { upgrade } = startUpgrade();
    vi.advanceTimersByTime(99);
    upgrade.wait(1_000);
    vi.advanceTimersByTime(999);
    expect(upgrade.attempt.running).toBe(true);
    vi.advanceTimersByTime(1);
    expect(upgrade.attempt.running).toBe(false);
  });

  it('ends soon if all of it has gone', () => {
    const { upgrade } = startUpgrade();
    vi.advanceTimersByTime(2_000);
    upgrade.wait(1_000);
    vi.advanceTimersByTime(1);
    expect(upgrade.attempt.running).toBe(false);
  });

  it.each(['end', 'close'])('ends with the %s of the socket, and lets go of it', (event) => {
    const { upgrade, ended, socket, listeners } = startUpgrade();
    upgrade.wait(1_000);
    expect(upgrade.waits).toBe(true);
    socket.emit(event);
    expect(upgrade.attempt.running).toBe(false);
    expect(upgrade.attempt.refusal).toBeUndefined();
    expect(ended).toEqual([upgrade]);
    expect(listeners()).toBe(0);
  });

  it('K6d: gives its slot back once, also where it is held after that', () => {
    const { upgrade, ended } = startUpgrade();
    upgrade.attempt.abort();
    upgrade.hold();
    upgrade.letGo();
    expect(ended).toEqual([upgrade]);
  });
});
