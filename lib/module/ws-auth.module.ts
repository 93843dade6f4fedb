import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { WS_AUTH_ADAPTER_CONTEXT } from '../adapters/adapter-context.js';
import { WS_AUTH_MODULE } from '../decorators/ws-auth.decorator.js';
import { WsAuthEvents } from '../events/ws-auth-events.js';
import { findUserKey } from '../policy/user-key.js';
import { WsAuthHealth } from '../cluster/ws-auth-health.service.js';
import { ticketSettings, WS_TICKET_SETTINGS } from '../tickets/ticket-settings.js';
import { WsTickets } from '../tickets/ws-tickets.service.js';
import { NodeState } from './node-state.js';
import { LiveSessions } from '../sessions/live-sessions.js';
import { RevocationLedger } from '../sessions/revocation-ledger.js';
import { ClusterSessions } from '../sessions/cluster-sessions.js';
import { SessionDrain } from '../sessions/session-drain.js';
import { WsAuthSessions } from '../sessions/ws-auth-sessions.service.js';
import { GatewayPolicies } from './gateway-policies.js';
import { checkAsyncOptions, classProviders } from './async-options.js';
import {
  moduleSettingsProvider,
  platformProvider,
  WS_AUTH_CONFIGURED,
  WS_AUTH_SETTINGS,
  type ModuleSettings,
} from './module-settings.js';
import { ownProviders, WS_AUTH_OWN_HEALTH } from './own-providers.js';
import { WsAuthService } from './ws-auth.service.js';
import {
  ConfigurableModuleClass,
  type ASYNC_OPTIONS_TYPE,
  type OPTIONS_TYPE,
} from './ws-auth.module-definition.js';

/**
 * Applies Passport strategies, unmodified, to the WebSocket gateways of the application. Importing it once is enough: it
 * is global and installs the adapter of the platform.
 *
 * @example
 * ```ts
 * @Module({ imports: [WsAuthModule.forRoot({ strategy: 'jwt' })], providers: [JwtStrategy, ChatGateway] })
 * export class AppModule {}
 * ```
 * @publicApi
 */
@Global()
@Module({
  providers: [
    moduleSettingsProvider,
    platformProvider,
    GatewayPolicies,
    NodeState,
    ...ownProviders,
    LiveSessions,
    {
      provide: RevocationLedger,
      inject: [LiveSessions],
      useFactory: (live: LiveSessions) => new RevocationLedger(live),
    },
    {
      provide: SessionDrain,
      inject: [LiveSessions, WS_AUTH_OWN_HEALTH],
      useFactory: (live: LiveSessions, health: WsAuthHealth) =>
        new SessionDrain(live, () => health.shutDown()),
    },
    { provide: ClusterSessions, useFactory: () => new ClusterSessions() },
    {
      provide: WsAuthSessions,
      inject: [LiveSessions, RevocationLedger, SessionDrain, ClusterSessions],
      useFactory: (
        live: LiveSessions,
        ledger: RevocationLedger,
        drain: SessionDrain,
        cluster: ClusterSessions,
      ) => new WsAuthSessions(live, { ledger, drain, cluster }),
    },
    WsTickets,
    {
      provide: WS_TICKET_SETTINGS,
      inject: [WS_AUTH_SETTINGS, NodeState],
      useFactory: ({ tickets, userId }: ModuleSettings, { store }: NodeState) =>
        tickets &&
        ticketSettings(tickets, { store, userId: (user) => findUserKey(user, userId).key }),
    },
    WsAuthService,
    { provide: WS_AUTH_ADAPTER_CONTEXT, useExisting: WsAuthService },
    { provide: WS_AUTH_MODULE, useValue: true },
  ],
  exports: [WS_AUTH_MODULE, WsAuthEvents, WsAuthHealth, WsAuthSessions, WsTickets],
})
export class WsAuthModule extends ConfigurableModuleClass {
  /**
   * Protects every gateway of the application with these options.
   *
   * @throws {WsAuthConfigurationError} at boot, for options that are unknown, invalid, unsafe or without effect.
   */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return configured(super.forRoot(options), 'forRoot()');
  }

  /**
   * Protects every gateway of the application, with options from a factory, a class or an existing provider.
   *
   * @throws {WsAuthConfigurationError} without one of them, with two of them, and for names that are unknown.
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    const module = super.forRootAsync(checkAsyncOptions(options));
    return configured(module, 'forRootAsync()', classProviders(options));
  }
}

function configured(module: DynamicModule, by: string, more: Provider[] = []): DynamicModule {
  const marker = { provide: WS_AUTH_CONFIGURED, useValue: by };
  return { ...module, providers: [...(module.providers ?? []), marker, ...more] };
}
