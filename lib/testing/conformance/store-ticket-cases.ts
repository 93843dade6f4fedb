import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WsAuthStore } from '../../store/ws-auth-store.js';
import type { CaseOf } from './conformance-case.js';
import { plenty, ticketOf } from './store-facts.js';
import type { StoreStage } from './store-stage.js';

/** How a store keeps tickets. */
export const ticketCases: readonly CaseOf<StoreStage>[] = [
  {
    id: 'ticket-once',
    name: 'returns a ticket to the first request on any node, and never again',
    async check({ first, second }) {
      const ticket = ticketOf('alice');
      await first.putTicket(ticket, plenty);
      assert.equal(await second.takeTicket(ticket.digest), ticket.payload);
      assert.equal(await second.takeTicket(ticket.digest), undefined);
      assert.equal(await first.takeTicket(ticket.digest), undefined);
    },
  },
  {
    id: 'ticket-unknown',
    name: 'returns nothing for a ticket that was not stored',
    async check({ first }) {
      for (const digest of ['', 'unknown', '*', 'a:b', '\u0000']) {
        assert.equal(await first.takeTicket(digest), undefined);
      }
    },
  },
  {
    id: 'ticket-race',
    name: 'returns a ticket to exactly one of many simultaneous requests',
    async check({ first, second }) {
      for (let round = 0; round < 20; round += 1) {
        const ticket = ticketOf('alice');
        await first.putTicket(ticket, plenty);
        const asked = Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? first : second).takeTicket(ticket.digest),
        );
        const winners = (await Promise.all(asked)).filter((payload) => payload !== undefined);
        assert.deepEqual(winners, [ticket.payload]);
      }
    },
  },
  {
    id: 'ticket-payload',
    name: 'returns a payload as it was stored',
    async check({ first, second }) {
      const payload = JSON.stringify({
        text: ' two\nlines “and” 𝄞 \u0000 ',
        nested: [{ a: null }],
      });
      const ticket = ticketOf('user with spaces:*{}', { payload });
      await first.putTicket(ticket, plenty);
      assert.equal(await second.takeTicket(ticket.digest), payload);
    },
  },
  {
    id: 'ticket-user-limit',
    name: 'drops the oldest ticket of a user with too many, and no other',
    async check({ first, second }) {
      const [bob, carol] = [randomUUID(), randomUUID()];
      const other = ticketOf(carol);
      await first.putTicket(other, plenty);
      const mine = [ticketOf(bob), ticketOf(bob), ticketOf(bob), ticketOf(bob)];
      for (const ticket of mine) {
        await first.putTicket(ticket, { ...plenty, maxPerUser: 3 });
      }
      const taken = await Promise.all(mine.map(({ digest }) => second.takeTicket(digest)));
      assert.deepEqual(taken, [undefined, ...mine.slice(1).map(({ payload }) => payload)]);
      assert.equal(await second.takeTicket(other.digest), other.payload);
    },
  },
  {
    id: 'ticket-newest',
    name: 'never drops the ticket that it has just stored',
    async check({ first }) {
      const user = randomUUID();
      for (let round = 0; round < 30; round += 1) {
        const [one, two] = [ticketOf(user), ticketOf(user)];
        const limits = { maxPerUser: 1, maxTotal: 100_000 };
        await Promise.all([first.putTicket(one, limits), first.putTicket(two, limits)]);
        assert.equal(await first.takeTicket(two.digest), two.payload);
        assert.equal(await first.takeTicket(one.digest), undefined);
      }
    },
  },
  {
    id: 'ticket-fairness',
    name: 'drops no ticket of another user for one whose tickets were dropped or spent',
    async check({ first }) {
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
      assert.equal(await first.takeTicket(other.digest), other.payload);
    },
  },
  {
    id: 'ticket-total-limit',
    name: 'drops the oldest ticket of all when there are too many',
    async check({ first }) {
      await emptyAll(first, 3);
      const tickets = [ticketOf('a'), ticketOf('b'), ticketOf('c'), ticketOf('d')];
      for (const ticket of tickets) {
        await first.putTicket(ticket, { maxPerUser: 3, maxTotal: 3 });
      }
      const taken = await Promise.all(tickets.map(({ digest }) => first.takeTicket(digest)));
      assert.deepEqual(taken, [undefined, ...tickets.slice(1).map(({ payload }) => payload)]);
    },
  },
];

/** Leaves no ticket of earlier cases: the last ones to be stored push all others out. */
async function emptyAll(store: WsAuthStore, total: number): Promise<void> {
  const fillers = Array.from({ length: total }, () => ticketOf(randomUUID()));
  for (const filler of fillers) {
    await store.putTicket(filler, { maxPerUser: 1, maxTotal: total });
  }
  await Promise.all(fillers.map(({ digest }) => store.takeTicket(digest)));
}
