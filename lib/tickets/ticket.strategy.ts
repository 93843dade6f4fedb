import { clientFactsOf, type ClientFacts } from '../passport/client-facts.js';
import type { Strategy, StrategyActions } from '../passport/strategy.js';
import { normalizeOrigin } from '../protocol/origin.js';
import { revokedAnswer } from '../store/store-answers.js';
import type { WsAuthStore } from '../store/ws-auth-store.js';
import { ticketDigest } from './ticket-digest.js';
import { parseTicketPayload, type TicketBinding, type TicketPayload } from './ticket-payload.js';

/** Name of the strategy that judges tickets. */
export const ticketStrategyName = 'ws-ticket';

const bearer = /^Bearer (.+)$/;

/**
 * A strategy that takes a ticket from `Authorization: Bearer`, where every extractor puts what it found.
 *
 * The ticket is spent by presenting it, whatever happens next: a wrong path, origin or address does not give it back.
 */
export class TicketStrategy implements Strategy {
  readonly name = ticketStrategyName;

  constructor(private readonly store: WsAuthStore) {}

  async authenticate(
    this: TicketStrategy & StrategyActions,
    request: { readonly headers: { readonly authorization?: string } },
  ): Promise<void> {
    const ticket = bearer.exec(request.headers.authorization ?? '')?.[1];
    let payload: TicketPayload | undefined;
    try {
      payload = ticket === undefined ? undefined : await this.judge(ticket, request);
    } catch {
      // The store is unreachable. One log line per client would be a flood; the node logs once that it has lost its store.
      this.fail(503);
      return;
    }
    if (payload) {
      this.success(payload.user, payload.info);
    } else {
      this.fail();
    }
  }

  /** Spends the ticket, and returns what it stands for. */
  private async judge(ticket: string, request: object): Promise<TicketPayload | undefined> {
    const json = await this.store.takeTicket(ticketDigest(ticket));
    const payload = json === undefined ? undefined : parseTicketPayload(json);
    if (!payload || !isBoundTo(payload.bound, clientFactsOf(request))) {
      return undefined;
    }
    const { sessionId, tokenIds } = payload.bound;
    const revoked =
      sessionId !== undefined && revokedAnswer(await this.store.isRevoked({ sessionId, tokenIds }));
    return revoked ? undefined : payload;
  }
}

function isBoundTo(bound: Partial<TicketBinding>, client: ClientFacts): boolean {
  const { path, origin, address, endsAt } = bound;
  return (
    (path === undefined || path === client.path) &&
    (address === undefined || address === client.address) &&
    (origin === undefined || origin === normalizeOrigin(client.origin ?? '')) &&
    (endsAt === undefined || endsAt > Date.now())
  );
}
