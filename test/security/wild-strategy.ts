import { Injectable, type Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy as PassportCustomStrategy } from 'passport-custom';

/** The actions of Passport, as a strategy of a test calls them. */
export interface Actions {
  success(user?: unknown, info?: unknown): void;
  fail(challenge?: unknown, status?: unknown): void;
  redirect(url?: string, status?: number): void;
  pass(): void;
  error(error?: unknown): void;
}

/** What such a strategy does with a request. */
export type Authenticate = (actions: Actions, request: { readonly signal: AbortSignal }) => unknown;

/** A strategy that calls the actions as it likes. */
export function wildStrategy(name: string, authenticate: Authenticate): Type<object> {
  @Injectable()
  class WildStrategy extends PassportStrategy(PassportCustomStrategy, name) {
    validate(): never {
      throw new Error('replaced by authenticate()');
    }

    override authenticate(request: unknown): unknown {
      return authenticate(this as unknown as Actions, request as { signal: AbortSignal });
    }
  }
  return WildStrategy;
}
