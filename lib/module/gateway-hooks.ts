import type { ModulesContainer } from '@nestjs/core';
import { GATEWAY_METADATA } from '@nestjs/websockets/constants.js';
import { logFault } from '../adapters/contain.js';
import type { Platform } from '../adapters/platform.js';
import { isThenable } from '../passport/maybe-promise.js';

type Hook = (this: unknown, client: object, ...rest: unknown[]) => unknown;
type Blame = (what: string, error: unknown, client: object) => void;

type Hooks = Readonly<Record<string, Blame>>;

const contained = new WeakSet<Hook>();

/**
 * Has exceptions and rejections of `handleConnection` and `handleDisconnect` logged, and the client of the first closed
 * with 1011. Nest calls them from RxJS, which throws what they throw from a timer: every client could end the process.
 *
 * Nest binds the hooks after it has asked the adapter for a server, so this runs before.
 */
export function containGatewayHooks(modules: ModulesContainer, platform: Platform): void {
  // What Nest calls when a client comes and when it has left, and what an exception there does.
  const hooks: Hooks = {
    handleConnection: (what, error, client) => platform.failClient(client, what, error),
    handleDisconnect: (what, error) => logFault(what, error),
  };
  for (const module of modules.values()) {
    for (const wrapper of module.providers.values()) {
      const { metatype, instance } = wrapper;
      if (typeof metatype === 'function' && Reflect.hasMetadata(GATEWAY_METADATA, metatype)) {
        // A request-scoped gateway is made anew for each client.
        const holder: unknown = wrapper.isDependencyTreeStatic() ? instance : metatype.prototype;
        containHooks(hooks, holder as Record<string, unknown>, metatype.name);
      }
    }
  }
}

function containHooks(
  hooks: Hooks,
  holder: Record<string, unknown> | null | undefined,
  gateway: string,
): void {
  for (const [name, blame] of Object.entries(hooks)) {
    const hook = holder?.[name];
    if (typeof hook === 'function' && !contained.has(hook as Hook)) {
      const wrapped = containHook(hook as Hook, `${gateway}.${name}`, blame);
      contained.add(wrapped);
      // A frozen gateway keeps its own.
      Reflect.set(holder!, name, wrapped);
    }
  }
}

function containHook(hook: Hook, what: string, blame: Blame): Hook {
  return function (client, ...rest) {
    try {
      const returned = hook.call(this, client, ...rest);
      return isThenable(returned)
        ? returned.then(undefined, (error: unknown) => blame(what, error, client))
        : returned;
    } catch (error) {
      blame(what, error, client);
      return undefined;
    }
  };
}
