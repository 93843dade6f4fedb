import { Controller, Header, Post, Req, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { type IssuedTicket, WsTickets } from 'nestjs-ws-auth';
import type { AuthenticatedRequest } from '../auth/user.js';

/**
 * Changes a token into a ticket: good for one connection, within seconds, and so fit for a URL.
 *
 * It is a POST, so that no link, image or prefetch obtains one.
 */
@UseGuards(AuthGuard('jwt'))
@Controller('ws-tickets')
export class TicketsController {
  constructor(private readonly tickets: WsTickets) {}

  @Post()
  @Header('Cache-Control', 'no-store')
  async create(@Req() { user }: AuthenticatedRequest): Promise<IssuedTicket> {
    return this.tickets.issue(user);
  }
}
