import { logFault } from '../contain.js';

/** Hooks that graphql-ws calls when a connection has closed, in a promise that it does not watch. */
const afterwards = ['onDisconnect', 'onClose'] as const;

type Hook = (...args: readonly unknown[]) => unknown;

/** The hooks of the application that may fail without ending the process, at the will of a client that leaves. */
export function containedHooks(theirs: object): Readonly<Record<string, Hook>> {
  const given = theirs as Readonly<Record<string, unknown>>;
  const hooks = afterwards.filter((name) => typeof given[name] === 'function');
  return Object.fromEntries(hooks.map((name) => [name, contained(name, given[name] as Hook)]));
}

function contained(name: string, hook: Hook): Hook {
  return async (...args) => {
    try {
      await hook(...args);
    } catch (error) {
      logFault(`${name} of graphql-ws`, error);
    }
  };
}
