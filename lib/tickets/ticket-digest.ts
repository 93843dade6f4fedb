import { hash, randomBytes } from 'node:crypto';

/** Bytes of a ticket: 256 bits, so that none can be guessed. */
const ticketBytes = 32;

/** A new ticket, base64url without padding: it fits into a URL, a cookie, a subprotocol and a header. */
export function newTicket(): string {
  return randomBytes(ticketBytes).toString('base64url');
}

/** What is stored of a ticket: a reader of the store cannot use it. */
export function ticketDigest(ticket: string): string {
  return hash('sha256', ticket, 'base64url');
}
