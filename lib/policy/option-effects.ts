import { presentsPassword } from '../credentials/extractor.js';
import type { WsAuthTransport } from '../protocol/transport.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { Settings } from './check-options.js';
import type { moduleOptions } from './option-table.js';
import type { WsAuthModuleOptions } from './options.js';
import type { WsAuthPolicyOptions } from './policy-options.js';

/** Options that the rules read, every default in place. */
type Effective = Pick<
  Settings<typeof moduleOptions>,
  | 'credentials'
  | 'optional'
  | 'maxSessionsPerUser'
  | 'store'
  | 'failedAttempts'
  | 'sessionLimitScope'
  | 'awaitConnection'
  | 'bindSidToAddress'
  | 'presence'
  | 'maxPending'
  | 'maxPendingPerAddress'
  | 'maxSessionAgeMs'
  | 'expiryWarningMs'
> & {
  /** What carries the connections; unknown for an application without a gateway. */
  readonly transport?: WsAuthTransport;
};

/** When an option has an effect, and the error message where it does not. */
interface EffectRule {
  readonly hasEffect: (options: Effective) => boolean;
  readonly otherwise: string;
}

type Rules = Readonly<Partial<Record<keyof WsAuthModuleOptions, EffectRule>>>;

const readsFirstMessage = ({ credentials }: Effective) =>
  credentials.some(({ phase }) => phase === 'message');

const queue: EffectRule = {
  hasEffect: readsFirstMessage,
  otherwise: 'has no effect without fromFirstMessage() in credentials, since no message is queued',
};

const sharedStore: EffectRule = {
  hasEffect: ({ store }) => store !== undefined,
  otherwise: 'has no effect without a store that nodes share; pass store: redisWsAuthStore(client)',
};

const presence: EffectRule = {
  hasEffect: (options) => !options.presence || sharedStore.hasEffect(options),
  otherwise: sharedStore.otherwise,
};

/** A rule for each option that depends on others. */
const rules: Rules = {
  optional: {
    hasEffect: (options) => !options.optional || !readsFirstMessage(options),
    otherwise:
      'has no effect beside fromFirstMessage(), which waits for a credential; list credentials without it, such as ' +
      'credentials: [fromAuthorizationHeader()]',
  },
  onLimit: {
    hasEffect: ({ maxSessionsPerUser }) => maxSessionsPerUser < Infinity,
    otherwise: 'has no effect without a limit; pass maxSessionsPerUser',
  },
  sessionLimitScope: {
    hasEffect: ({ sessionLimitScope: scope, maxSessionsPerUser }) =>
      scope === 'node' || maxSessionsPerUser < Infinity,
    otherwise: "'cluster' has no effect without a limit; pass maxSessionsPerUser",
  },
  maxPendingPerAddress: {
    hasEffect: ({ maxPending, maxPendingPerAddress }) => maxPendingPerAddress <= maxPending,
    otherwise: 'has no effect above maxPending; pass a smaller number',
  },
  expiryWarningMs: {
    hasEffect: ({ expiryWarningMs, maxSessionAgeMs }) =>
      expiryWarningMs === 0 || expiryWarningMs < maxSessionAgeMs,
    otherwise: 'has no effect from maxSessionAgeMs on, since no session lasts longer; pass less',
  },
  maxQueuedMessages: queue,
  maxQueuedBytes: queue,
  heartbeatIntervalMs: {
    hasEffect: ({ transport }) => transport !== 'socket.io',
    otherwise:
      'has no effect on Socket.IO, which has pings of its own; set pingInterval and pingTimeout of @WebSocketGateway()',
  },
  bindSidToAddress: {
    hasEffect: ({ transport, bindSidToAddress }) => !bindSidToAddress || transport === 'socket.io',
    otherwise:
      'has no effect without Socket.IO: other transports have one request for a connection',
  },
  realm: {
    hasEffect: ({ credentials }) =>
      credentials.some(({ challengeSchemes }) => challengeSchemes.length > 0),
    otherwise:
      'has no effect without an extractor that sends a challenge; fromRequest() leaves challenges to its strategies',
  },
  maxStalenessMs: sharedStore,
  onStoreLoss: sharedStore,
  presence,
  connectionTimeoutMs: {
    hasEffect: ({ awaitConnection }) => awaitConnection,
    otherwise:
      'has no effect with awaitConnection: false, since no message waits for handleConnection; remove one of them',
  },
  failedAttempts: {
    hasEffect: (options) => options.failedAttempts?.perAccount === undefined || readsBasic(options),
    otherwise:
      'perAccount counts user names of HTTP Basic, and no gateway reads it; pass perAddress, or read it with ' +
      'fromAuthorizationHeader()',
  },
};

/** Rules of options that no gateway can give an effect. */
const applicationRules: Rules = {
  maxStalenessMs: sharedStore,
  onStoreLoss: sharedStore,
  presence,
};

/** Options of a gateway: those written on its class, and those with what it inherits from base classes. */
interface GatewayOptions {
  readonly own: WsAuthPolicyOptions;
  readonly policy: WsAuthPolicyOptions;
}

/**
 * Refuses options of a gateway that have no effect on it: the developer who wrote them expects a protection that does not
 * exist.
 *
 * A default of the module or of a base class may be overridden, so it is not a mistake here. The exception is `optional` of the
 * module beside credentials of the module: the gateway would refuse the guests that the module accepts.
 *
 * @throws {WsAuthConfigurationError} that names the option, the gateway and the fix.
 */
export function demandGatewayEffect(
  { own, policy }: GatewayOptions,
  effective: Effective,
  gateway: string,
): void {
  const inherited = policy.credentials === undefined ? (['optional'] as const) : [];
  for (const name of [...namesOf(own), ...inherited]) {
    const rule = rules[name];
    if (rule && !rule.hasEffect(effective)) {
      throw new WsAuthConfigurationError(`${name}: ${rule.otherwise} (gateway ${gateway})`);
    }
  }
}

/**
 * Refuses options of the module that have no effect on any gateway.
 *
 * An application without a protected gateway, such as one of `createApplicationContext()` that shares its modules with a server,
 * has nothing to judge most options by.
 *
 * @param own the options of the module, every default in place
 * @param gateways the options in force on each protected gateway
 * @throws {WsAuthConfigurationError} that names the option and the fix.
 */
export function demandModuleEffect(
  given: WsAuthModuleOptions,
  own: Effective,
  gateways: readonly Effective[],
): void {
  const judged = gateways.length === 0 ? applicationRules : rules;
  const effective = gateways.length === 0 ? [own] : gateways;
  for (const name of namesOf(given)) {
    const rule = judged[name];
    if (rule && !effective.some((options) => rule.hasEffect(options))) {
      throw new WsAuthConfigurationError(`${name}: ${rule.otherwise}`);
    }
  }
}

function namesOf(given: WsAuthModuleOptions): (keyof WsAuthModuleOptions)[] {
  return Object.keys(given) as (keyof WsAuthModuleOptions)[];
}

function readsBasic({ credentials }: Effective): boolean {
  return credentials.some(presentsPassword);
}
