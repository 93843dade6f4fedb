import { BadRequestException, Body, Controller, Header, Post } from '@nestjs/common';
import { type IssuedToken, TokensService } from './tokens.service.js';
import { isUserName } from './user.js';

/**
 * Where a page obtains the credentials that it sends to a WebSocket.
 *
 * A real application finds the user in its own HTTP session. This one believes the name it is given,
 * because the experiment is about what happens to the token afterwards.
 */
@Controller('tokens')
export class TokensController {
  constructor(private readonly tokens: TokensService) {}

  @Post()
  @Header('Cache-Control', 'no-store')
  async create(@Body('user') user: unknown): Promise<IssuedToken> {
    if (!isUserName(user)) {
      throw new BadRequestException('user must be 1 to 64 visible characters without a colon');
    }
    return this.tokens.issue(user);
  }
}
