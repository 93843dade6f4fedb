import type { CanActivate } from '@nestjs/common';
import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
} from '@nestjs/common/constants.js';
import type { ContextId, ExternalContextCreator } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';

/** A method of a provider, as Nest finds what is written on it. */
export interface HostedMethod {
  readonly instance: object;
  /** The method as the class defines it: its metadata, and `getHandler()` of guards. */
  readonly method: Method;
  readonly moduleKey: string;
  /** Absent for instances that live as long as the application. */
  readonly contextId: ContextId | undefined;
  readonly inquirerId: string;
}

/** A method, with its metadata. */
export type Method = (this: unknown, ...args: never[]) => unknown;

interface Creator<Enhancer> {
  create(
    instance: object,
    method: Method,
    moduleKey: string,
    contextId?: ContextId,
    inquirerId?: string,
  ): Enhancer;
}

interface Filters {
  /** Returns `undefined` where no filter is for the exception. */
  invokeCustomFilters(error: unknown, host: ExecutionContextHost): unknown;
}

type Consume = (
  enhancers: unknown,
  args: readonly unknown[],
  instance: object,
  method: Method,
  ...rest: unknown[]
) => Promise<unknown>;

/** Private fields of `ExternalContextCreator`, the same in Nest 11 and 12. */
interface Fields {
  readonly guardsContextCreator: Creator<readonly CanActivate[]>;
  readonly guardsConsumer: { readonly tryActivate: Consume };
  readonly interceptorsContextCreator: Creator<readonly unknown[]>;
  readonly interceptorsConsumer: { readonly intercept: Consume };
  readonly filtersContextCreator: Creator<Filters>;
}

/** What runs around one method of one instance. */
export interface Enhanced {
  /**
   * Runs the guards, in their order; false as soon as one returns false.
   *
   * @param onGuard called before each guard: after a refusal, the last one has refused
   */
  admits(args: readonly unknown[], onGuard: (guard: CanActivate) => void): Promise<boolean>;
  /** Runs the interceptors and the method. */
  call(args: readonly unknown[]): Promise<unknown>;
  /** Whether filters are on the method: they inform the client. */
  readonly hasFilters: boolean;
  /** Hands an exception to the filters. */
  filter(error: unknown, client: object): Promise<void>;
}

/** Runs guards, interceptors and filters of methods that Nest calls without them, by Nest's own machinery. */
export class MethodEnhancers {
  readonly #fields: Fields;

  constructor(creator: ExternalContextCreator) {
    this.#fields = creator as unknown as Fields;
  }

  /** @throws {WsAuthConfigurationError} for a version of Nest that keeps its machinery elsewhere. */
  demand(what: string): void {
    const fields = this.#fields as Partial<Fields>;
    const creators = [
      fields.guardsContextCreator,
      fields.interceptorsContextCreator,
      fields.filtersContextCreator,
    ];
    const isKnown =
      creators.every((creator) => typeof creator?.create === 'function') &&
      typeof fields.guardsConsumer?.tryActivate === 'function' &&
      typeof fields.interceptorsConsumer?.intercept === 'function';
    if (!isKnown) {
      throw new WsAuthConfigurationError(
        `${what}: its decorators would do nothing in this version of Nest, whose machinery is unknown here; take them away, or ` +
          'use a version of Nest that this package names in its peer dependencies',
      );
    }
  }

  /**
   * @param which guards: those of the method, or those of its class and of the application as well
   * @throws {WsAuthConfigurationError} if Nest has no instance of a guard: the guard would not run.
   */
  of(host: HostedMethod, which: 'method' | 'all', what: string): Enhanced {
    const { guardsContextCreator, guardsConsumer, interceptorsConsumer } = this.#fields;
    const { instance, method } = host;
    const own = create(ofMethod(guardsContextCreator), host);
    if (own.length < countOn(method, GUARDS_METADATA)) {
      throw new WsAuthConfigurationError(
        `${what}: Nest has no instance of one of its guards, so the guard would not run; list the gateway itself among the ` +
          'providers',
      );
    }
    const all = which === 'all' ? create(guardsContextCreator, host) : own;
    const interceptors = create(ofMethod(this.#fields.interceptorsContextCreator), host);
    const filters = create(ofMethod(this.#fields.filtersContextCreator), host);
    return {
      admits: async (args, onGuard) => {
        const guards = all.map((guard) => announced(guard, onGuard));
        return (await guardsConsumer.tryActivate(guards, args, instance, method, 'ws')) === true;
      },
      call: (args) => {
        const next = async () => method.apply(instance, args as never[]);
        return interceptorsConsumer.intercept(interceptors, args, instance, method, next, 'ws');
      },
      hasFilters: countOn(method, EXCEPTION_FILTERS_METADATA) > 0,
      filter: async (error, client) => {
        await filters.invokeCustomFilters(error, hostOf(host, client));
      },
    };
  }
}

function announced(guard: CanActivate, onGuard: (guard: CanActivate) => void): CanActivate {
  return {
    canActivate(context) {
      onGuard(guard);
      return guard.canActivate(context);
    },
  };
}

/** Whether guards, interceptors or filters are on a method. */
export function isEnhanced(method: Method): boolean {
  const keys = [GUARDS_METADATA, INTERCEPTORS_METADATA, EXCEPTION_FILTERS_METADATA];
  return keys.some((key) => countOn(method, key) > 0);
}

/** The number of enhancers of one kind on a method or a class. */
export function countOn(target: object, key: string): number {
  return ((Reflect.getMetadata(key, target) as readonly unknown[] | undefined) ?? []).length;
}

function create<Enhancer>(creator: Creator<Enhancer>, host: HostedMethod): Enhancer {
  const { instance, method, moduleKey, contextId, inquirerId } = host;
  return creator.create(instance, method, moduleKey, contextId, inquirerId);
}

/** The same creator without what is on the class or global. */
function ofMethod<Enhancer>(creator: Creator<Enhancer>): Creator<Enhancer> {
  const none = { value: () => [] };
  return Object.create(creator, {
    getGlobalMetadata: none,
    reflectClassMetadata: none,
  }) as Creator<Enhancer>;
}

/** Nest's own filter sends the pattern and the data to the client; the request is not for it. */
function hostOf({ instance, method }: HostedMethod, client: object): ExecutionContextHost {
  const args = [client, undefined, 'handleConnection'];
  const host = new ExecutionContextHost(args, instance.constructor as never, method);
  host.setType('ws');
  return host;
}
