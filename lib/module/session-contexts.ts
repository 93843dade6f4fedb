import { ContainedLogger } from '../events/contained-logger.js';
import type { SessionContext } from '../adapters/session-context.js';
import { AcceptanceWarnings } from '../authentication/acceptance-warnings.js';
import type { Authenticated } from '../authentication/authenticated.js';
import { Authenticator } from '../authentication/authenticator.js';
import type { FailureLimits } from '../authentication/failure-limits.js';
import { KeyCheck, type KeySources } from '../authentication/key-check.js';
import { ObservedAuthenticator } from '../authentication/observed-authenticator.js';
import { StrategyChain } from '../authentication/strategy-chain.js';
import type { RevocationCheck } from '../cluster/revocation-check.js';
import type { Strategies } from '../passport/strategies.js';
import type { WsAuthModuleOptions } from '../policy/options.js';
import { resolvePolicy, type Policy } from '../policy/policy.js';
import type { WsAuthTransport } from '../protocol/transport.js';

/** What the sessions of all servers share. */
export type SharedContext = Omit<SessionContext, 'policy' | 'authenticator'>;

/** What judges the credentials of all servers. */
export interface JudgingServices {
  readonly strategies: Strategies;
  readonly failures: FailureLimits | undefined;
  /** Absent where this process is alone. */
  readonly revocations: RevocationCheck | undefined;
  /** Options of `authenticate()`, which `PassportModule` was registered with. Asked when a server is made. */
  readonly authenticate: () => object;
  /** The application that answers over HTTP, if there is one. Asked when a strategy or middleware first needs it. */
  readonly application: () => unknown;
}

/** Makes what the sessions of one server share: its policy, and what judges by it. */
export class SessionContexts {
  readonly #logger = new ContainedLogger('WsAuth');
  readonly #keySources: KeySources = new Map();

  constructor(
    private readonly shared: SharedContext,
    private readonly judging: JudgingServices,
  ) {}

  /** @throws {WsAuthConfigurationError} for options that contradict each other */
  of(options: WsAuthModuleOptions, transport: WsAuthTransport): SessionContext {
    const policy = resolvePolicy(options, transport);
    return { ...this.shared, policy, authenticator: this.#authenticatorFor(policy) };
  }

  #authenticatorFor(policy: Policy): Authenticator {
    const { strategies, failures, revocations, authenticate, application } = this.judging;
    const { leases, telemetry, revocations: ledger } = this.shared;
    const warn = (text: string) => this.#logger.warn(text);
    const users = {
      keys: new KeyCheck(policy, warn, this.#keySources),
      warnings: new AcceptanceWarnings(warn),
      unused: (accepted: Authenticated) => ledger.noteUnused(accepted),
    };
    const chain = new StrategyChain(policy, strategies, users, authenticate());
    const checks = { failures, revocations, leases, users, application };
    return telemetry
      ? new ObservedAuthenticator(policy, chain, checks, telemetry)
      : new Authenticator(policy, chain, checks);
  }
}
