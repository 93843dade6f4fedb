import { applyDecorators, Controller, Get, Header, Query } from '@nestjs/common';
import { TokensService } from '../auth/tokens.service.js';
import { isUserName } from '../auth/user.js';
import { contentSecurityPolicy } from './content-security-policy.js';
import { experimentPage } from './experiment.page.js';
import { sessionsPage } from './sessions.page.js';
import { welcomePage } from './welcome.page.js';

/** A page that loads nothing from elsewhere, and that no browser keeps and no page embeds. */
function PageAt(path: string) {
  return applyDecorators(
    Get(path),
    Header('Content-Type', 'text/html; charset=utf-8'),
    Header('Content-Security-Policy', contentSecurityPolicy),
    Header('Cache-Control', 'no-store'),
    Header('Referrer-Policy', 'no-referrer'),
    Header('X-Content-Type-Options', 'nosniff'),
  );
}

/** The pages: one asks for a user name, one runs the experiment, and one shows the sessions of that user. */
@Controller()
export class PagesController {
  constructor(private readonly tokens: TokensService) {}

  /**
   * `?user=` creates a token for that user; `&token=` tries another one, such as a wrong one. `&rejection=auto` connects to
   * gateways whose refusals a page can read.
   */
  @PageAt('/')
  async show(
    @Query('user') user: unknown,
    @Query('token') given: unknown,
    @Query('rejection') rejection: unknown,
  ): Promise<string> {
    if (!isUserName(user)) return welcomePage({ refused: user !== undefined });
    const isReadable = rejection === 'auto';
    if (typeof given === 'string')
      return experimentPage({ user, token: given, expiresAt: undefined, isReadable });
    return experimentPage({ user, ...(await this.tokens.issue(user)), isReadable });
  }

  @PageAt('/sessions')
  showSessions(@Query('user') user: unknown): string {
    return isUserName(user) ? sessionsPage(user) : welcomePage({ refused: user !== undefined });
  }
}
