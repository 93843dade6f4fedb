import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  LeaseClaim,
  RevocationQuestion,
  StoredRevocation,
  StoredTicket,
  WsAuthStore,
} from '../../lib/index.js';
import { eventually } from './eventually.js';
import { minuteMs } from '../support/clocks.js';

/** Two nodes that share one store: what the first says the second must know. */
export interface StorePair extends AsyncDisposable {
  readonly first: WsAuthStore;
  readonly second: WsAuthStore;
}

const plenty = { maxPerUser: 100, maxTotal: 100_000 };

function ticketOf(userId: string, facts: Partial<StoredTicket> = {}): StoredTicket {
  const digest = randomUUID();
  return { digest, userId, payload: `{"of":"${digest}"}`, ttlMs: minuteMs, ...facts };
}

function revocationOf(facts: Partial<StoredRevocation>): StoredRevocation {
  return { kind: 'user', id: randomUUID(), before: 1_000, rememberMs: minuteMs, ...facts };
}

function claimOf(userId: string, facts: Partial<LeaseClaim> = {}): LeaseClaim {
  const claim = { userId, sessionId: randomUUID(), limit: 2, leaseMs: minuteMs };
  return { ...claim, onLimit: 'refuse', ...facts };
}

/** What every store must do, whatever it keeps its data in. */
export function conformance(name: string, open: () => Promise<StorePair>): void {
  describe(name, () => {
    let pair: StorePair;
    beforeAll(async () => {
      pair = await open();
    });
    afterAll(() => pair[Symbol.asyncDispose]());

    describe('tickets', () => {
      ticketCases(() => pair);
      ticketLimitCases(() => pair);
    });
    describe('revocations', () => {
      revocationCases(() => pair);
      tokenRevocationCases(() => pair);
    });
    describe('leases of sessions', () => {
      leaseCases(() => pair);
      leaseEndCases(() => pair);
    });
    describe('the journal', () => {
      journalCases(() => pair);
      journalPageCases(() => pair);
    });
    describe('the channel', () => channelCases(() => pair));
  });
}

function ticketCases(pair: () => StorePair): void {
  it('returns a ticket to the first request on any node, and never again', async () => {
    const ticket = ticketOf('alice');
    await pair().first.putTicket(ticket, plenty);
    expect(await pair().second.takeTicket(ticket.digest)).toBe(ticket.payload);
    expect(await pair().second.takeTicket(ticket.digest)).toBeUndefined();
    expect(await pair().first.takeTicket(ticket.digest)).toBeUndefined();
  });

  it('returns nothing for a ticket that was not stored', async () => {
    for (const digest of ['', 'nobody', '*', 'a:b', '\u0000']) {
      expect(await pair().first.takeTicket(digest)).toBeUndefined();
    }
  });

  it('returns a ticket to exactly one of many simultaneous requests', async () => {
    const { first, second } = pair();
    for (let round = 0; round < 20; round += 1) {
      const ticket = ticketOf('alice');
      await first.putTicket(ticket, plenty);
      const asked = Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? first : second).takeTicket(ticket.digest),
      );
      const winners = (await Promise.all(asked)).filter((payload) => payload !== undefined);
      expect(winners).toEqual([ticket.payload]);
    }
  });

  it('returns a payload as it was stored', async () => {
    const payload = JSON.stringify({ text: ' two\nlines “and” 𝄞 \u0000 ', nested: [{ a: null }] });
    const ticket = ticketOf('user with spaces:*{}', { payload });
    await pair().first.putTicket(ticket, plenty);
    expect(await pair().second.takeTicket(ticket.digest)).toBe(payload);
  });
}

function ticketLimitCases(pair: () => StorePair): void {
  it('drops the oldest ticket of a user with too many, and no other', async () => {
    const { first, second } = pair();
    const [bob, carol] = [randomUUID(), randomUUID()];
    const other = ticketOf(carol);
    await first.putTicket(other, plenty);
    const mine = [ticketOf(bob), ticketOf(bob), ticketOf(bob), ticketOf(bob)];
    for (const ticket of mine) {
      await first.putTicket(ticket, { ...plenty, maxPerUser: 3 });
    }
    const taken = await Promise.all(mine.map(({ digest }) => second.takeTicket(digest)));
    expect(taken).toEqual([undefined, ...mine.slice(1).map(({ payload }) => payload)]);
    expect(await second.takeTicket(other.digest)).toBe(other.payload);
  });

  it('never drops the ticket that it has just stored', async () => {
    const user = randomUUID();
    for (let round = 0; round < 30; round += 1) {
      const [one, two] = [ticketOf(user), ticketOf(user)];
      const limits = { maxPerUser: 1, maxTotal: 100_000 };
      await Promise.all([pair().first.putTicket(one, limits), pair().first.putTicket(two, limits)]);
      expect(await pair().first.takeTicket(two.digest)).toBe(two.payload);
      expect(await pair().first.takeTicket(one.digest)).toBeUndefined();
    }
  });

  it('makes no room at the cost of others for a user whose tickets were dropped or spent', async () => {
    const { first } = pair();
    const other = ticketOf(randomUUID());
    const total = 8;
    await emptyAll(first, total);
    await first.putTicket(other, { maxPerUser: 2, maxTotal: total });
    const greedy = randomUUID();
    for (let count = 0; count < 30; count += 1) {
      const ticket = ticketOf(greedy);
      await first.putTicket(ticket, { maxPerUser: 2, maxTotal: total });
      if (count % 3 === 0) {
        await first.takeTicket(ticket.digest);
      }
    }
    expect(await first.takeTicket(other.digest)).toBe(other.payload);
  });

  it('drops the oldest ticket of all when there are too many', async () => {
    const { first } = pair();
    await emptyAll(first, 3);
    const tickets = [ticketOf('a'), ticketOf('b'), ticketOf('c'), ticketOf('d')];
    for (const ticket of tickets) {
      await first.putTicket(ticket, { maxPerUser: 3, maxTotal: 3 });
    }
    const taken = await Promise.all(tickets.map(({ digest }) => first.takeTicket(digest)));
    expect(taken).toEqual([undefined, ...tickets.slice(1).map(({ payload }) => payload)]);
  });
}

/** Leaves no ticket of earlier cases: the last ones to be stored push all others out. */
async function emptyAll(store: WsAuthStore, total: number): Promise<void> {
  const fillers = Array.from({ length: total }, () => ticketOf(randomUUID()));
  for (const filler of fillers) {
    await store.putTicket(filler, { maxPerUser: 1, maxTotal: total });
  }
  await Promise.all(fillers.map(({ digest }) => store.takeTicket(digest)));
}

function revocationCases(pair: () => StorePair): void {
  const asked = (question: RevocationQuestion) => pair().second.isRevoked(question);

  it('revokes no user without a revocation', async () => {
    expect(await asked({})).toBe(false);
    expect(await asked({ userId: randomUUID(), tokenId: randomUUID(), issuedAt: 1 })).toBe(false);
    expect(await asked({ sessionId: randomUUID() })).toBe(false);
  });

  it('revokes what a user was issued up to an instant, that instant included', async () => {
    const revocation = revocationOf({ before: 1_763_800_000_000.5 });
    await pair().first.addRevocation(revocation);
    const userId = revocation.id;
    expect(await asked({ userId, issuedAt: revocation.before - 1 })).toBe(true);
    expect(await asked({ userId, issuedAt: revocation.before })).toBe(true);
    expect(await asked({ userId, issuedAt: revocation.before + 0.25 })).toBe(false);
    expect(await asked({ userId })).toBe(true);
    expect(await asked({ userId: `${userId}x`, issuedAt: 1 })).toBe(false);
  });

  it('lets no earlier revocation take a later one back', async () => {
    const revocation = revocationOf({ before: 2_000 });
    await pair().first.addRevocation(revocation);
    await pair().first.addRevocation({ ...revocation, before: 1_000, rememberMs: 1 });
    expect(await asked({ userId: revocation.id, issuedAt: 1_500 })).toBe(true);
    await pair().first.addRevocation({ ...revocation, before: 3_000 });
    expect(await asked({ userId: revocation.id, issuedAt: 2_500 })).toBe(true);
  });
}

function tokenRevocationCases(pair: () => StorePair): void {
  const asked = (question: RevocationQuestion) => pair().second.isRevoked(question);

  it('revokes a token and a session whenever they were issued', async () => {
    const [token, session] = [revocationOf({ kind: 'token' }), revocationOf({ kind: 'session' })];
    await pair().first.addRevocation(token);
    await pair().first.addRevocation(session);
    expect(await asked({ tokenId: token.id, issuedAt: Number.MAX_SAFE_INTEGER })).toBe(true);
    expect(await asked({ sessionId: session.id })).toBe(true);
    expect(await asked({ userId: token.id, sessionId: token.id, issuedAt: 1 })).toBe(false);
    expect(await asked({ tokenId: session.id, userId: session.id, issuedAt: 1 })).toBe(false);
  });

  it('K1a: revokes a client if one of the names of its tokens is revoked, whichever', async () => {
    const token = revocationOf({ kind: 'token' });
    await pair().first.addRevocation(token);
    const issuedAt = Number.MAX_SAFE_INTEGER;
    const others = Array.from({ length: 32 }, () => randomUUID());
    expect(await asked({ tokenId: randomUUID(), tokenIds: others, issuedAt })).toBe(false);
    for (const tokenIds of [[token.id], [token.id, ...others], [...others, token.id]]) {
      expect(await asked({ tokenId: randomUUID(), tokenIds, issuedAt })).toBe(true);
      expect(await asked({ tokenIds })).toBe(true);
    }
  });

  it('takes ids for nothing but ids', async () => {
    const odd = ['*', ':', 'a:b', '{x}', '', ' ', 'ünï', '\u0000', 'user:*', '../x', '__proto__'];
    const revoked = odd.filter((_id, index) => index % 2 === 0);
    for (const id of revoked) {
      await pair().first.addRevocation(revocationOf({ id: `odd ${id}` }));
    }
    const answers = await Promise.all(odd.map((id) => asked({ userId: `odd ${id}`, issuedAt: 1 })));
    expect(answers).toEqual(odd.map((id) => revoked.includes(id)));
  });

  it('keeps a revocation for ever that is to be kept for ever, and forgets one whose time is over', async () => {
    const kept = revocationOf({ rememberMs: Number.POSITIVE_INFINITY });
    const brief = revocationOf({ rememberMs: 1 });
    await pair().first.addRevocation(brief);
    await pair().first.addRevocation(kept);
    await eventually(
      async () => !(await asked({ userId: brief.id, issuedAt: 1 })),
      'it is forgotten',
    );
    expect(await asked({ userId: kept.id, issuedAt: 1 })).toBe(true);
  });

  it('revokes all users', async () => {
    await pair().first.addRevocation(revocationOf({ kind: 'everybody', id: '', before: 10 }));
    expect(await asked({ userId: randomUUID(), issuedAt: 10 })).toBe(true);
    expect(await asked({ userId: randomUUID(), issuedAt: 11 })).toBe(false);
    expect(await asked({ issuedAt: 11 })).toBe(false);
  });
}

function journalCases(pair: () => StorePair): void {
  it('returns what was added after the cursor, in order, and nothing else', async () => {
    const { first, second } = pair();
    const { cursor } = await second.revocationsSince(undefined);
    const added = [
      revocationOf({ kind: 'session', reason: 'log out' }),
      revocationOf({ before: -1.5, exceptSessionId: 'that one' }),
      revocationOf({ kind: 'token', id: 'ü:*' }),
    ];
    for (const revocation of added) {
      await first.addRevocation(revocation);
    }
    const page = await second.revocationsSince(cursor);
    expect(page.revocations.map(withoutTime)).toEqual(added.map(withoutTime));
    for (const { rememberMs } of page.revocations) {
      expect(rememberMs).toBeGreaterThan(0);
      expect(rememberMs).toBeLessThanOrEqual(minuteMs);
    }
    const next = await second.revocationsSince(page.cursor);
    expect(next).toEqual({ revocations: [], cursor: page.cursor });
  });

  it('returns everything to a new node', async () => {
    const revocation = revocationOf({});
    await pair().first.addRevocation(revocation);
    const { revocations } = await pair().second.revocationsSince(undefined);
    expect(revocations.map(({ id }) => id)).toContain(revocation.id);
  });

  it('returns everything for a cursor of an earlier life of the store', async () => {
    const revocation = revocationOf({});
    await pair().first.addRevocation(revocation);
    const { revocations } = await pair().second.revocationsSince('99999999999999-0');
    expect(revocations.map(({ id }) => id)).toContain(revocation.id);
  });

  it('returns two revocations of one user whose exceptions differ, since each ends other sessions', async () => {
    const { cursor } = await pair().second.revocationsSince(undefined);
    const all = revocationOf({ before: 5 });
    await pair().first.addRevocation(all);
    await pair().first.addRevocation({ ...all, before: 6, exceptSessionId: 'mine' });
    const { revocations } = await pair().second.revocationsSince(cursor);
    expect(revocations.map(({ before, exceptSessionId }) => [before, exceptSessionId])).toEqual([
      [5, undefined],
      [6, 'mine'],
    ]);
  });
}

function journalPageCases(pair: () => StorePair): void {
  it('D3: returns pages of at most the size that is asked for, in order and without gaps', async () => {
    const { first, second } = pair();
    let { cursor } = await second.revocationsSince(undefined);
    const added = Array.from({ length: 25 }, () => revocationOf({ kind: 'token' }));
    for (const revocation of added) {
      await first.addRevocation(revocation);
    }
    const pages: string[][] = [];
    for (let more = true; more;) {
      const page = await second.revocationsSince(cursor, 10);
      pages.push(page.revocations.map(({ id }) => id));
      cursor = page.cursor;
      more = page.more ?? false;
    }
    expect(pages.flat()).toEqual(added.map(({ id }) => id));
    expect(pages.slice(0, 3).map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(await second.revocationsSince(cursor, 10)).toEqual({ revocations: [], cursor });
  });

  it('returns thousands', async () => {
    const { cursor } = await pair().second.revocationsSince(undefined);
    const added = Array.from({ length: 3_000 }, () => revocationOf({}));
    await Promise.all(added.map((revocation) => pair().first.addRevocation(revocation)));
    const { revocations } = await pair().second.revocationsSince(cursor);
    const ids = revocations.map(({ id }) => id).toSorted();
    expect(ids).toEqual(added.map(({ id }) => id).toSorted());
  });
}

function leaseCases(pair: () => StorePair): void {
  it('gives a user as many leases as the limit says, on all nodes together', async () => {
    const user = randomUUID();
    expect(await pair().first.claimLease(claimOf(user))).toEqual([]);
    expect(await pair().second.claimLease(claimOf(user))).toEqual([]);
    expect(await pair().first.claimLease(claimOf(user))).toBe('full');
    expect(await pair().second.claimLease(claimOf(user))).toBe('full');
    expect(await pair().second.claimLease(claimOf(randomUUID()))).toEqual([]);
  });

  it('grants no more than that to many simultaneous claims', async () => {
    const user = randomUUID();
    const claims = Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? pair().first : pair().second).claimLease(claimOf(user, { limit: 3 })),
    );
    const answers = await Promise.all(claims);
    expect(answers.filter((answer) => answer !== 'full')).toHaveLength(3);
  });

  it('gives a place that was given back to the next', async () => {
    const user = randomUUID();
    const claim = claimOf(user, { limit: 1 });
    await pair().first.claimLease(claim);
    await pair().second.releaseLease({ userId: user, sessionId: 'another' });
    expect(await pair().second.claimLease(claimOf(user, { limit: 1 }))).toBe('full');
    await pair().second.releaseLease(claim);
    await pair().second.releaseLease(claim);
    expect(await pair().second.claimLease(claimOf(user, { limit: 1 }))).toEqual([]);
  });

  it('names those that must make room, the oldest first', async () => {
    const user = randomUUID();
    const claims = [0, 1, 2].map(() => claimOf(user, { limit: 3 }));
    for (const claim of claims) {
      await pair().first.claimLease(claim);
    }
    const newest = claimOf(user, { limit: 2, onLimit: 'closeOldest' });
    expect(await pair().second.claimLease(newest)).toEqual([
      claims[0]!.sessionId,
      claims[1]!.sessionId,
    ]);
    const next = claimOf(user, { limit: 2, onLimit: 'closeOldest' });
    expect(await pair().first.claimLease(next)).toEqual([claims[2]!.sessionId]);
  });
}

function leaseEndCases(pair: () => StorePair): void {
  it('lets a session that claims again keep one place', async () => {
    const user = randomUUID();
    const claim = claimOf(user, { limit: 1 });
    await pair().first.claimLease(claim);
    expect(await pair().second.claimLease(claim)).toEqual([]);
    expect(await pair().first.claimLease(claimOf(user, { limit: 1 }))).toBe('full');
  });

  it('frees a place whose lease has run out, and none that was renewed', async () => {
    const user = randomUUID();
    const short = claimOf(user, { leaseMs: 1 });
    const renewed = claimOf(user, { leaseMs: 1 });
    await pair().first.claimLease(renewed);
    await pair().first.renewLeases([renewed], minuteMs);
    await pair().first.claimLease(short);
    await eventually(
      async () => (await pair().second.claimLease(claimOf(user))) !== 'full',
      'the place is free',
    );
    expect(await pair().first.claimLease(claimOf(user))).toBe('full');
  });

  it('takes back a place that was lost, and keeps the age of one that was not', async () => {
    const user = randomUUID();
    const [older, younger, lost] = [claimOf(user), claimOf(user), claimOf(user)];
    await pair().first.claimLease(older);
    await pair().first.claimLease(younger);
    await pair().second.renewLeases([lost, younger, older], minuteMs);
    expect(await pair().first.claimLease(claimOf(user, { limit: 3 }))).toBe('full');
    const newest = claimOf(user, { limit: 3, onLimit: 'closeOldest' });
    expect(await pair().first.claimLease(newest)).toEqual([older.sessionId]);
  });

  it('renews thousands', async () => {
    const leases = Array.from({ length: 2_500 }, () => claimOf(randomUUID(), { limit: 1 }));
    await pair().first.renewLeases(leases, minuteMs);
    for (const { userId } of [leases[0]!, leases.at(-1)!]) {
      expect(await pair().second.claimLease(claimOf(userId, { limit: 1 }))).toBe('full');
    }
  });
}

function channelCases(pair: () => StorePair): void {
  it('calls every watcher after a revocation, until it is stopped', async () => {
    let [heard, heardByStopped] = [0, 0];
    const stop = pair().second.watch(() => (heard += 1));
    const stopOther = pair().second.watch(() => (heardByStopped += 1));
    await stopOther();
    await stopOther();
    const before = heardByStopped;
    for (let round = 0; round < 3; round += 1) {
      const already = heard;
      await pair().first.addRevocation(revocationOf({}));
      await eventually(() => heard > already, 'the watcher is called');
    }
    expect(heardByStopped).toBe(before);
    await stop();
  });
}

function withoutTime({ rememberMs: _time, ...rest }: StoredRevocation) {
  return rest;
}
