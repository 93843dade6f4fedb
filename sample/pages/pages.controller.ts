import { Controller, Get, Header, Query } from '@nestjs/common';
import { TokensService } from '../auth/tokens.service.js';
import { isUserName } from '../auth/user.js';
import { contentSecurityPolicy } from './content-security-policy.js';
import { experimentPage } from './experiment.page.js';
import { welcomePage } from './welcome.page.js';

/** The two pages: one asks for a user name, the other runs the experiment for that user. */
@Controller()
export class PagesController {
  constructor(private readonly tokens: TokensService) {}

  /** `?user=` creates a token for that user; `&token=` tries another one, such as a wrong one. */
  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', contentSecurityPolicy)
  @Header('Cache-Control', 'no-store')
  @Header('Referrer-Policy', 'no-referrer')
  @Header('X-Content-Type-Options', 'nosniff')
  async show(@Query('user') user: unknown, @Query('token') token: unknown): Promise<string> {
    if (!isUserName(user)) return welcomePage({ refused: user !== undefined });
    if (typeof token === 'string') return experimentPage({ user, token, expiresAt: undefined });
    return experimentPage({ user, ...(await this.tokens.issue(user)) });
  }
}
