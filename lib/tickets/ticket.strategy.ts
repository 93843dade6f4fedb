import { clientFactsOf, type ClientFacts } from '../passport/client-facts.js';
import type { Strategy, StrategyActions } from '../passport/strategy.js';
import { normalizeOrigin } from '../protocol/origin.js';
import type { WsAuthStore } from '../store/ws-auth-store.js';
import { ticketDigest } from './ticket-digest.js';
import { parseTicketPayload, type TicketBinding } from './ticket-payload.js';

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
    const json = ticket && (await this.store.takeTicket(ticketDigest(ticket)));
    const payload = json ? parseTicketPayload(json) : undefined;
    if (!payload || !isBoundTo(payload.bound, clientFactsOf(request))) {
      this.fail();
      return;
    }
    const { sessionId } = payload.bound;
    if (sessionId !== undefined && (await this.store.isRevoked({ sessionId }))) {
      this.fail();
      return;
    }
    this.success(payload.user, payload.info);
  }
}

function isBoundTo(bound: Partial<TicketBinding>, client: ClientFacts): boolean {
  const { path, origin, address } = bound;
  return (
    (path === undefined || path === client.path) &&
    (address === undefined || address === client.address) &&
    (origin === undefined || origin === normalizeOrigin(client.origin ?? ''))
  );
}
