import { randomUUID } from 'node:crypto';
import type { Strategy, StrategyActions } from '../../passport/strategy.js';

/** The user that the strategy of the suite returns. */
export interface ConformanceUser {
  readonly id: string;
  /** NumericDate. */
  readonly exp: number;
  /** NumericDate. */
  readonly iat: number;
}

/** The part of a request that the strategy reads. */
interface JudgedRequest {
  readonly headers: { readonly authorization?: string };
  /** Aborts when the answer is not awaited any more. */
  readonly signal: AbortSignal;
}

const bearer = /^Bearer (.+)$/;

/** What the strategy knows. Each run sees the strategy through an object of its own, so fields of the class would not be shared. */
class StrategyState {
  readonly users = new Map<string, ConformanceUser>();
  held: Promise<void> | undefined;
  asked = 0;
  abandoned = 0;
  error: Error | undefined;

  async answer(authorization: string): Promise<ConformanceUser | undefined> {
    this.asked += 1;
    await this.held;
    if (this.error) {
      throw this.error;
    }
    return this.users.get(bearer.exec(authorization)?.[1] ?? '');
  }
}

/** A Passport strategy that accepts the tokens that it has issued. Each transport presents them as `Authorization: Bearer`. */
export class ConformanceStrategy implements Strategy {
  readonly name = 'conformance';
  private readonly state = new StrategyState();

  /** Number of credentials that it was asked to judge. */
  get asked(): number {
    return this.state.asked;
  }

  /** Number of credentials whose judgement the package no longer waits for. */
  get abandoned(): number {
    return this.state.abandoned;
  }

  /** A token of a user. */
  issue(id: string, lifeMs = 3_600_000): string {
    const token = `conformance-${randomUUID()}`;
    const now = Date.now();
    const user = { id, exp: (now + lifeMs) / 1_000, iat: Math.floor(now / 1_000) };
    this.state.users.set(token, user);
    return token;
  }

  /** Has all answers wait until the function that it returns is called. */
  hold(): () => void {
    let release: (() => void) | undefined;
    this.state.held = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      this.state.held = undefined;
      release?.();
    };
  }

  /** Has it throw instead of answering. */
  failWith(error: Error): void {
    this.state.error = error;
  }

  async authenticate(
    this: ConformanceStrategy & StrategyActions,
    { headers, signal }: JudgedRequest,
  ): Promise<void> {
    signal.addEventListener('abort', () => (this.state.abandoned += 1));
    const user = await this.state.answer(headers.authorization ?? '');
    if (user) {
      this.success(user);
    } else {
      this.fail();
    }
  }
}
