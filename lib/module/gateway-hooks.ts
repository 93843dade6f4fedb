import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA } from '@nestjs/common/constants.js';
import type {
  ApplicationConfig,
  ContextId,
  ExternalContextCreator,
  ModulesContainer,
} from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { GATEWAY_METADATA } from '@nestjs/websockets/constants.js';
import { WebSocketsController } from '@nestjs/websockets/web-sockets-controller.js';
import type { ExpectClient } from '../adapters/adapter-context.js';
import type { Platform } from '../adapters/platform.js';
import type { GatewayClass } from '../decorators/gateway-demand.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { Arrivals } from './arrivals.js';
import { GatewayBinding } from './gateway-binding.js';
import { LoadFailure } from './load-failure.js';
import { isGatewayOn } from './gateway-policies.js';
import type { EnhancedHook, HookSettings, HookTools } from './hook-call.js';
import { copyMetadata, demandHookDecorators, demandMethod } from './hook-decorators.js';
import { countOn, isEnhanced, MethodEnhancers, type Method } from './internals/method-enhancers.js';

/** What the hooks need of the application. */
export interface HookSources {
  readonly modules: ModulesContainer;
  readonly config: ApplicationConfig;
  readonly platform: Platform;
  readonly contextCreator: ExternalContextCreator;
  readonly reportRefusal: HookTools['reportRefusal'];
}

/** A gateway whose hooks are replaced. */
interface Bound {
  readonly wrapper: InstanceWrapper;
  readonly moduleKey: string;
  readonly metatype: GatewayClass;
  /** Where Nest finds the hooks. */
  readonly holder: Holder;
  /** Whether Nest makes the gateway anew for each client. */
  readonly isScoped: boolean;
  /** The hook as its class defines it. */
  connection: Method | undefined;
  readonly binding: GatewayBinding;
}

type Holder = Record<string, unknown>;

/** Hooks of this package, and those of the application behind them. */
const originals = new WeakMap<object, Method>();

/** Nest 11 makes no gateway anew for a client. */
const makesGateways = 'createRequestScopedEventHandler' in WebSocketsController.prototype;

/**
 * Has `handleConnection` and `handleDisconnect` do what applications expect: guards run, messages wait, exceptions refuse the client.
 * Nest calls both from RxJS, which throws what they throw from a timer: every client could end the process.
 *
 * Nest binds the hooks after it has asked the adapter for a server, so they are replaced before.
 */
export class GatewayHooks {
  /** Gateways whose hooks cannot be replaced. */
  readonly #fixed = new Set<object>();
  readonly #bound = new Map<InstanceWrapper, Bound>();
  readonly #enhancers: MethodEnhancers;
  readonly #arrivals: Arrivals;

  constructor(private readonly sources: HookSources) {
    this.#enhancers = new MethodEnhancers(sources.contextCreator);
    this.#arrivals = new Arrivals(sources.platform);
  }

  /**
   * Replaces the hooks of all gateways, with these settings for those on that port and path.
   *
   * @throws {WsAuthConfigurationError} for decorators that would do nothing.
   */
  install(port: number, path: string | undefined, settings: HookSettings): void {
    for (const [moduleKey, { providers }] of this.sources.modules.entries()) {
      for (const wrapper of providers.values()) {
        const { metatype } = wrapper;
        if (typeof metatype === 'function' && Reflect.hasMetadata(GATEWAY_METADATA, metatype)) {
          const known = this.#bound.get(wrapper) ?? this.#bind(wrapper, moduleKey, settings);
          if (isGatewayOn(metatype, port, path)) {
            this.#set(known, settings);
          }
        }
      }
    }
  }

  /** Present where Nest makes a gateway on that port and path anew for each client, and starts its hook later. */
  expectationOn(
    port: number,
    path: string | undefined,
    namespace?: string | RegExp,
  ): ExpectClient | undefined {
    const scoped = [...new Set(this.#bound.values())].filter(
      ({ metatype, isScoped }) => isScoped && isGatewayOn(metatype, port, path, namespace),
    );
    return scoped.length === 0
      ? undefined
      : (client) => scoped.forEach(({ binding }) => binding.expect(client));
  }

  #bind(wrapper: InstanceWrapper, moduleKey: string, settings: HookSettings): Bound {
    const metatype = wrapper.metatype as GatewayClass;
    const isStatic = wrapper.isDependencyTreeStatic();
    const holder = (isStatic ? wrapper.instance : metatype.prototype) as Holder | undefined;
    const shared = [...this.#bound.values()].find((each) => each.holder === holder);
    if (shared) {
      this.#bound.set(wrapper, shared);
      return shared;
    }
    const connection = hookOf(holder, 'handleConnection');
    const { platform, reportRefusal } = this.sources;
    const tools = { platform, reportRefusal, arrivals: this.#arrivals };
    const bound: Bound = {
      wrapper,
      moduleKey,
      metatype,
      holder: holder ?? {},
      isScoped: !isStatic && makesGateways,
      connection,
      binding: new GatewayBinding(metatype.name, tools, connection !== undefined, settings),
    };
    this.#bound.set(wrapper, bound);
    this.#replace(bound, 'handleConnection');
    this.#replace(bound, 'handleDisconnect');
    return bound;
  }

  #set(bound: Bound, settings: HookSettings): void {
    bound.binding.settings = settings;
    if (!bound.connection && settings.connectionGuards && this.#hasOtherGuards(bound.metatype)) {
      this.#addConnection(bound);
    }
    bound.binding.enhanced = bound.connection && this.#enhancedOf(bound, bound.connection);
  }

  /** Guards of the class and of the application run at the connection of a gateway without `handleConnection` as well. */
  #addConnection(bound: Bound): void {
    // A function for each gateway, since guards read what is noted on it.
    const handleConnection: Method = nothing.bind(undefined);
    bound.connection = handleConnection;
    bound.binding.connects = true;
    this.#put(bound, 'handleConnection', handleConnection);
  }

  #replace(bound: Bound, name: HookName): void {
    const { metatype, holder, binding, isScoped } = bound;
    const hook = hookOf(holder, name);
    if (hook) {
      demandHookDecorators(metatype, name, hook);
      this.#put(bound, name, hook);
    } else if (isScoped) {
      demandMethod(metatype, name);
      this.#standIn(holder, name, binding);
    }
  }

  #put({ metatype, holder, binding, isScoped }: Bound, name: HookName, hook: Method): void {
    const run = name === 'handleConnection' ? 'connect' : 'disconnect';
    const replaced = function (this: object, client: object, ...rest: unknown[]): unknown {
      // A class that extends this gateway has called super: what the hook throws is for the hook that called.
      if (this !== holder && Object.getPrototypeOf(this) !== holder) {
        return hook.apply(this, [client, ...rest] as never[]);
      }
      return binding[run]({ instance: this, client, args: [client, ...rest], hook });
    };
    originals.set(replaced, hook);
    if (isScoped && name === 'handleConnection') {
      copyMetadata(hook, replaced);
      Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [new LoadFailure(binding)], replaced);
    }
    // A frozen gateway, or one with an accessor, keeps its own.
    if (!Reflect.set(holder, name, replaced)) {
      this.#fixed.add(metatype);
    }
  }

  /**
   * Nest makes a request-scoped gateway for both hooks, also where it has none. Where that fails it throws what no code catches,
   * unless the hook is there with an exception filter.
   */
  #standIn(holder: Holder, name: HookName, binding: GatewayBinding): void {
    // A function for each gateway, since the filter is noted on it.
    const absent = nothing.bind(undefined);
    Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [new LoadFailure(binding)], absent);
    Reflect.set(holder, name, absent);
  }

  #enhancedOf(bound: Bound, method: Method): EnhancedHook {
    const { wrapper, moduleKey, metatype, isScoped } = bound;
    const { connectionGuards } = bound.binding.settings;
    if (!isEnhanced(method) && !(connectionGuards && this.#hasOtherGuards(metatype))) {
      return undefined;
    }
    const what = `${metatype.name}.handleConnection`;
    if (this.#fixed.has(metatype)) {
      throw new WsAuthConfigurationError(
        `${what}: its guards cannot run, because the gateway is frozen or the method is an accessor; do not freeze it`,
      );
    }
    this.#enhancers.demand(what);
    this.#demandScopes(bound, what);
    const of = (instance: object, contextId: ContextId | undefined) =>
      this.#enhancers.of(
        { instance, method, moduleKey, contextId, inquirerId: wrapper.id },
        connectionGuards ? 'all' : 'method',
        what,
      );
    if (isScoped) {
      return of;
    }
    const made = of(wrapper.instance as object, undefined);
    return () => made;
  }

  /** @throws {WsAuthConfigurationError} for guards with a scope where Nest makes none: they would run without their constructor. */
  #demandScopes({ wrapper, binding }: Bound, what: string): void {
    if (!wrapper.isDependencyTreeStatic() && !makesGateways) {
      throw new WsAuthConfigurationError(
        `${what}: this version of Nest makes no request-scoped guards for gateways; take the scope away, or upgrade to Nest 12`,
      );
    }
    const scoped = this.sources.config.getGlobalRequestGuards();
    if (binding.settings.connectionGuards && scoped.length > 0) {
      throw new WsAuthConfigurationError(
        'connectionGuards: Nest makes no request-scoped or transient APP_GUARD for gateways, so it would not run; take its ' +
          'scope away, or put the guards on handleConnection',
      );
    }
  }

  #hasOtherGuards(metatype: GatewayClass): boolean {
    const { config } = this.sources;
    const globals = [...config.getGlobalGuards(), ...config.getGlobalRequestGuards()];
    return globals.length > 0 || countOn(metatype, GUARDS_METADATA) > 0;
  }
}

type HookName = 'handleConnection' | 'handleDisconnect';

function nothing(): void {}

function hookOf(holder: Holder | undefined, name: HookName): Method | undefined {
  const hook = holder?.[name];
  return typeof hook === 'function' ? (originals.get(hook) ?? (hook as Method)) : undefined;
}
