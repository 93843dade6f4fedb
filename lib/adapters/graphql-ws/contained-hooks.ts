import { comesTooLate } from '../../passport/thenable.js';
import { logFault } from '../contain.js';

/** Hooks that graphql-ws calls when a connection has closed, in a promise that it does not watch. */
const afterwards = ['onDisconnect', 'onClose'] as const;

type Hook = (...args: readonly unknown[]) => unknown;

/** The functions of the application that may fail without ending the process, or opening what they close. */
export function containedHooks(theirs: object): Readonly<Record<string, Hook>> {
  const given = theirs as Readonly<Record<string, unknown>>;
  const hooks = afterwards.filter((name) => typeof given[name] === 'function');
  const { validate } = given;
  return {
    ...Object.fromEntries(hooks.map((name) => [name, contained(name, given[name] as Hook)])),
    ...(typeof validate === 'function' && { validate: synchronous(validate as Hook) }),
  };
}

/** graphql-ws does not await what `validate` returns: every operation would pass. */
function synchronous(validate: Hook): Hook {
  return (...args) => {
    const errors = validate(...args);
    if (comesTooLate(errors)) {
      throw new TypeError('validate: expected a list of errors, got a promise');
    }
    return errors;
  };
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
