import type { Server } from 'node:http';
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  Logger,
} from '@nestjs/common';
import {
  ApplicationConfig,
  ExternalContextCreator,
  HttpAdapterHost,
  ModuleRef,
  ModulesContainer,
} from '@nestjs/core';
import { AuthModuleOptions } from '@nestjs/passport';
import passport from 'passport';
import { AcceptanceWarnings } from '../authentication/acceptance-warnings.js';
import { Authenticator } from '../authentication/authenticator.js';
import { ObservedAuthenticator } from '../authentication/observed-authenticator.js';
import { KeyCheck, type KeySources } from '../authentication/key-check.js';
import { FailureLimits } from '../authentication/failure-limits.js';
import { PendingBudget } from '../authentication/pending-budget.js';
import { StrategyChain } from '../authentication/strategy-chain.js';
import { RefusalReporter } from '../adapters/refusal-reporter.js';
import type { SessionContext } from '../adapters/session-context.js';
import { WsAuthEvents } from '../events/ws-auth-events.js';
import { failureLimiters } from '../policy/failure-limiter.js';
import { LiveSessions } from '../sessions/live-sessions.js';
import { RevocationLedger } from '../sessions/revocation-ledger.js';
import type { AdapterContext, ExpectClient, ProtectedServer } from '../adapters/adapter-context.js';
import type { Platform } from '../adapters/platform.js';
import { runAll } from '../errors/run-all.js';
import { checkGlobalGuards } from '../guards/global-guards.js';
import { observeRegistrations } from '../passport/registrations.js';
import { Strategies } from '../passport/strategies.js';
import { registryOf } from '../passport/registry.js';
import type { StrategyRegistry } from '../passport/strategy.js';
import type { WsAuthModuleOptions, WsAuthPolicyOptions } from '../policy/options.js';
import { demandGatewayEffect, demandModuleEffect } from '../policy/option-effects.js';
import { proxyTrust, type ProxyTrust } from '../policy/proxy-trust.js';
import { resolvePolicy, type Policy } from '../policy/policy.js';
import type { WsAuthTelemetry } from '../policy/telemetry.js';
import { ticketStrategyName, TicketStrategy } from '../tickets/ticket.strategy.js';
import { NodeState } from './node-state.js';
import { reportBoot } from './boot-report.js';
import { GatewayHooks } from './gateway-hooks.js';
import { GatewayPolicies } from './gateway-policies.js';
import {
  noPassportOptions,
  splitPassportOptions,
  type PassportModuleOptions,
} from './passport-options.js';
import { refuseIgnoredDecorators } from './ignored-decorators.js';
import { demandOwnAdapter, installAdapter } from './own-adapter.js';
import { ProvidedStrategies } from './provided-strategies.js';
import { WS_AUTH_PLATFORM, WS_AUTH_SETTINGS, type ModuleSettings } from './module-settings.js';
import { wireTelemetry } from './telemetry-wiring.js';

// When the package is imported: strategies are registered before the module is made.
observeRegistrations(passport as unknown as StrategyRegistry);

/**
 * Puts the adapter in front of the gateways. It does so in its constructor, before Nest connects any gateway, so that
 * importing the module is all it takes.
 */
@Injectable()
export class WsAuthService
  implements AdapterContext, OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  readonly reporter: RefusalReporter;
  readonly budget: PendingBudget;
  readonly trust: ProxyTrust;
  readonly shutdownTimeoutMs: number;
  readonly protectedServers: ProtectedServer[] = [];
  readonly #provided: ProvidedStrategies;
  readonly #strategies: Strategies;
  readonly #logger = new Logger('WsAuth');
  readonly #keySources: KeySources = new Map();
  readonly #failures: FailureLimits | undefined;
  readonly #telemetry: WsAuthTelemetry | undefined;
  readonly #onClosed: (() => void)[] = [];
  readonly #hooks: GatewayHooks;

  constructor(
    @Inject(WS_AUTH_SETTINGS) private readonly settings: ModuleSettings,
    @Inject(WS_AUTH_PLATFORM) private readonly platform: Platform,
    private readonly gateways: GatewayPolicies,
    private readonly sessions: LiveSessions,
    private readonly revocations: RevocationLedger,
    private readonly events: WsAuthEvents,
    private readonly common: NodeState,
    private readonly config: ApplicationConfig,
    private readonly httpAdapterHost: HttpAdapterHost,
    private readonly moduleRef: ModuleRef,
    modules: ModulesContainer,
    contextCreator: ExternalContextCreator,
  ) {
    this.#hooks = new GatewayHooks({ modules, config, platform, contextCreator });
    this.#provided = new ProvidedStrategies(modules);
    this.#strategies = new Strategies(registryOf(passport), this.#provided);
    const { refusalLogLevel, failedAttempts, maxPending, maxPendingPerAddress } = settings;
    this.#telemetry = settings.telemetry;
    this.reporter = new RefusalReporter(events, refusalLogLevel, this.#telemetry);
    this.budget = new PendingBudget({ maxPending, maxPendingPerAddress });
    this.trust = proxyTrust(settings.trustProxy);
    this.shutdownTimeoutMs = settings.shutdownTimeoutMs;
    this.#failures = failedAttempts && new FailureLimits(failureLimiters(failedAttempts));
    if (settings.tickets) {
      this.#strategies.add(ticketStrategyName, new TicketStrategy(common.store));
    }
    installAdapter(config, platform, this);
    if (this.#telemetry) {
      wireTelemetry(this.#telemetry, events, {
        pending: () => this.budget.total,
        maxPending,
        sessions: () => sessions.size,
      });
    }
  }

  get httpServer(): Server | undefined {
    return this.httpAdapterHost.httpAdapter?.getHttpServer() as Server | undefined;
  }

  sessionContextOf(port: number, path: string | undefined): SessionContext | undefined {
    const demand = this.gateways.demandOf(port, path);
    if (!demand) {
      this.#hooks.install(port, path, this.settings);
      return undefined;
    }
    const { sessions, revocations, events, reporter } = this;
    const policy = resolvePolicy(this.#merge(demand.policy), this.platform.transport);
    demandGatewayEffect(demand, policy, path ?? '/');
    this.#hooks.install(port, path, policy);
    const context = {
      policy,
      authenticator: this.#authenticatorFor(policy),
      sessions,
      revocations,
      leases: this.common.leases,
      events,
      reporter,
      budget: this.budget,
      telemetry: this.#telemetry,
    };
    this.protectedServers.push({ port, path, context });
    return context;
  }

  expectationOn(port: number, path: string | undefined): ExpectClient | undefined {
    return this.#hooks.expectationOn(port, path);
  }

  /** @throws {WsAuthConfigurationError} if another adapter would leave the gateways open, or a decorator does nothing. */
  onModuleInit(): void {
    this.#strategies.claim();
    this.gateways.demandGateways();
    refuseIgnoredDecorators(new Set(this.gateways.classes()));
    demandOwnAdapter(this.platform, this.config.getIoAdapter());
  }

  /**
   * @throws {WsAuthConfigurationError} if an option has no effect, if a policy names a strategy that is not registered, or
   * if `WsAuthGuard` is global where Nest runs no global guards for gateways.
   */
  onApplicationBootstrap(): void {
    checkGlobalGuards(this.config);
    const policies = this.protectedServers.map(({ context }) => context.policy);
    demandModuleEffect(this.settings.given, this.settings, policies);
    for (const { context } of this.protectedServers) {
      const { strategy, handshakeExtractors, firstMessage } = context.policy;
      const extractors = [...handshakeExtractors, ...(firstMessage ? [firstMessage] : [])];
      const names = [...strategy, ...extractors.flatMap((each) => each.strategy ?? [])];
      this.#strategies.demand(names, () => this.#provided.unavailable());
    }
    reportBoot(this.#logger, {
      gateways: this.gateways.gateways(),
      servers: this.protectedServers,
      strategies: this.#strategies,
      config: this.config,
    });
  }

  onClosed(callback: () => void): void {
    this.#onClosed.push(callback);
  }

  /** The first hook that Nest calls after it has closed the HTTP server; a server that it leaves open is given back as well. */
  onApplicationShutdown(): void {
    runAll([...this.#onClosed.splice(0), () => this.#telemetry?.stop()]);
  }

  #authenticatorFor(policy: Policy): Authenticator {
    const warn = (text: string) => this.#logger.warn(text);
    const users = {
      keys: new KeyCheck(policy, warn, this.#keySources),
      warnings: new AcceptanceWarnings(warn),
    };
    const chain = new StrategyChain(policy, this.#strategies, users, this.#passport.authenticate);
    const { revocations, leases } = this.common;
    const checks = { failures: this.#failures, revocations, leases, users };
    return this.#telemetry
      ? new ObservedAuthenticator(policy, chain, checks, this.#telemetry)
      : new Authenticator(policy, chain, checks);
  }

  #merge(demand: WsAuthPolicyOptions): WsAuthModuleOptions {
    const layers = [this.#passport.policy, this.settings.given, demand];
    return Object.assign({}, ...layers.map(defined)) as WsAuthModuleOptions;
  }

  /** What `PassportModule` was registered with. */
  get #passport(): PassportModuleOptions {
    try {
      return splitPassportOptions(this.moduleRef.get(AuthModuleOptions, { strict: false }));
    } catch {
      return noPassportOptions;
    }
  }
}

/** A field that is `undefined` overrides nothing. */
function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
