import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { BasicStrategy as HttpBasicStrategy } from 'passport-http';
import { TokensService } from './tokens.service.js';
import type { User } from './user.js';

/** HTTP Basic with the user's name, and a token of that same user as the password. */
@Injectable()
export class BasicStrategy extends PassportStrategy(HttpBasicStrategy) {
  constructor(private readonly tokens: TokensService) {
    super();
  }

  async validate(username: string, token: string): Promise<User | undefined> {
    const user = await this.tokens.verify(token);
    return user?.username === username ? user : undefined;
  }
}
