import { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { StrategyOwner } from '../passport/owners.js';

/** The providers of one application, where its strategies are found. */
export class ProvidedStrategies implements StrategyOwner {
  constructor(private readonly modules: ModulesContainer) {}

  *providers(): Iterable<object> {
    for (const wrapper of this.#wrappers()) {
      if (wrapper.isDependencyTreeStatic()) {
        yield* instancesOf(wrapper);
      }
    }
  }

  /**
   * Why Passport does not know the strategies that Nest makes anew for each request, or not at all; `undefined` if there are
   * none of these.
   */
  unavailable(): string | undefined {
    const reasons = new Set<string>();
    for (const wrapper of this.#wrappers()) {
      const reason = isStrategyClass(wrapper.metatype) ? reasonOf(wrapper) : undefined;
      if (reason !== undefined) {
        reasons.add(reason);
      }
    }
    return reasons.size === 0 ? undefined : [...reasons].join('; ');
  }

  *#wrappers(): Iterable<InstanceWrapper> {
    for (const { providers } of this.modules.values()) {
      yield* providers.values();
    }
  }
}

function instancesOf(wrapper: InstanceWrapper): object[] {
  const transient = wrapper.isTransient ? wrapper.getStaticTransientInstances() : [];
  const instances: unknown[] = [wrapper.instance, ...transient.map((each) => each?.instance)];
  return instances.filter((each): each is object => typeof each === 'object' && each !== null);
}

function isStrategyClass(metatype: unknown): metatype is { readonly name: string } {
  const prototype: unknown = typeof metatype === 'function' && metatype.prototype;
  return typeof (Object(prototype) as { authenticate?: unknown }).authenticate === 'function';
}

function reasonOf(wrapper: InstanceWrapper): string | undefined {
  const name = (wrapper.metatype as { readonly name: string }).name;
  if (!wrapper.isDependencyTreeStatic()) {
    const scope = wrapper.isDependencyTreeDurable()
      ? 'durable and request-scoped'
      : 'request-scoped';
    return (
      `${name} is ${scope} ${causeOf(wrapper)}, so Nest makes it for each HTTP request and Passport does not know it when the ` +
      `application starts; make ${name} and what it injects singletons, and resolve what belongs to a request in validate(), ` +
      'with ModuleRef.resolve()'
    );
  }
  return wrapper.isTransient && instancesOf(wrapper).every((each) => !isMade(each, wrapper))
    ? `${name} is transient and is injected nowhere, so Nest does not make it; remove its scope`
    : undefined;
}

/** Before Nest makes an instance, it holds an empty object of the class. */
function isMade(instance: object, { metatype }: InstanceWrapper): boolean {
  return instance instanceof (metatype as new () => object) && Object.keys(instance).length > 0;
}

/** The dependency that makes a provider request-scoped, with the way to it. */
function causeOf(wrapper: InstanceWrapper): string {
  const path = pathToRequest(wrapper, new Set());
  return path.length === 0 ? 'by its own scope' : `through ${path.join(' -> ')}`;
}

function pathToRequest(wrapper: InstanceWrapper, seen: Set<InstanceWrapper>): string[] {
  seen.add(wrapper);
  const dependencies = [
    ...(wrapper.getCtorMetadata() ?? []),
    ...(wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper),
  ];
  const next = dependencies.find((each) => !seen.has(each) && !each.isDependencyTreeStatic());
  return next ? [nameOf(next), ...pathToRequest(next, seen)] : [];
}

function nameOf({ token, name }: InstanceWrapper): string {
  return typeof token === 'function' ? token.name : String(name ?? token);
}
