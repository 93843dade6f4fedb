import type { IncomingMessage } from 'node:http';
import { Attempt } from '../../../lib/authentication/attempt.js';
import type { Authenticated } from '../../../lib/authentication/authenticated.js';
import {
  Authenticator,
  type Decision,
  type UpgradeSubject,
} from '../../../lib/authentication/authenticator.js';
import { StrategyChain } from '../../../lib/authentication/strategy-chain.js';
import { FailureLimits } from '../../../lib/authentication/failure-limits.js';
import { redactRequest } from '../../../lib/credentials/redaction.js';
import type { Strategy } from '../../../lib/passport/strategy.js';
import type { FailureLimiters } from '../../../lib/policy/failure-limiter.js';
import type { WsAuthModuleOptions } from '../../../lib/policy/options.js';
import { resolvePolicy, type Policy } from '../../../lib/policy/policy.js';
import { parseHandshake } from '../../../lib/protocol/handshake.js';
import { Refusal } from '../../../lib/protocol/refusal.js';
import { upgradeRequest, type HeaderLines } from './requests.js';
import { strategiesOf } from './strategies.js';

/** A policy with its strategies, ready to decide, without a socket. */
export class AuthenticatorHarness {
  readonly policy: Policy;
  readonly authenticator: Authenticator;

  constructor(
    strategies: Readonly<Record<string, Strategy>>,
    options: WsAuthModuleOptions = {},
    limiters?: FailureLimiters,
  ) {
    this.policy = resolvePolicy({ strategy: Object.keys(strategies), ...options });
    const chain = new StrategyChain(this.policy, strategiesOf(strategies));
    this.authenticator = new Authenticator(this.policy, chain, {
      failures: limiters && new FailureLimits(limiters),
      revocations: undefined,
      leases: undefined,
    });
  }

  attempt(): Attempt {
    const attempt = new Attempt(() => undefined);
    attempt.endWithin(this.policy.authTimeoutMs);
    return attempt;
  }

  subjectOf(url: string, lines: HeaderLines = []): UpgradeSubject {
    const request: IncomingMessage = upgradeRequest(url, lines);
    const handshake = parseHandshake(request, 0);
    if (handshake instanceof Refusal) {
      throw new Error(`the handshake of the test is refused: ${handshake.code}`);
    }
    const original = redactRequest(request, this.policy.redaction);
    const client = { path: handshake.target.path, address: '192.0.2.1', origin: handshake.origin };
    return { handshake, request, original, client };
  }

  /** Decides on one upgrade, and ends the attempt as an adapter would. */
  async decide(url: string, lines: HeaderLines = []): Promise<Decision> {
    const attempt = this.attempt();
    const decision = await this.authenticator.decide(this.subjectOf(url, lines), attempt);
    attempt.settle();
    return decision;
  }

  /** Decides on a first message. */
  async message(data: unknown, lines: HeaderLines = []): Promise<Authenticated | Refusal> {
    const { policy } = this;
    const text = typeof data === 'string' ? data : JSON.stringify({ event: 'authenticate', data });
    const credential = policy.firstMessage?.read(text, 'authenticate', policy.limits);
    if (credential === undefined || credential instanceof Refusal) {
      return credential ?? new Refusal('ERR_WS_AUTH_UNSUPPORTED_DATA');
    }
    const attempt = this.attempt();
    const subject = this.subjectOf('/', lines);
    const decision = await this.authenticator.authenticate(subject, credential, attempt);
    attempt.settle();
    return decision;
  }
}
