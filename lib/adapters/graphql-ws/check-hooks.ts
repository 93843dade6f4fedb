import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { checkFunction, checkSynchronous, describe } from '../../policy/check-option.js';
import { nearestName } from '../../policy/nearest-name.js';
import { logText } from '../../protocol/log-text.js';

/** Hooks of graphql-ws, which are functions. */
const hooks = [
  'onConnect',
  'onDisconnect',
  'onClose',
  'onSubscribe',
  'onOperation',
  'onError',
  'onNext',
  'onComplete',
  'onPing',
  'onPong',
] as const;

/** Its functions whose result graphql-ws does not await: a promise of errors would count as a list without errors. */
const synchronous = ['parse', 'validate', 'jsonMessageReplacer', 'jsonMessageReviver'] as const;

/** Its other options, and those of Nest. */
const others = ['schema', 'context', 'roots', 'execute', 'subscribe', 'path'] as const;

/**
 * Checks the options of the application for graphql-ws, as far as they decide about clients: a misspelt `onConnect` would refuse
 * no client. Names that are unlike all known ones may be options of a later version.
 *
 * @throws {WsAuthConfigurationError} for what is not an object, for a hook that is not a function or must not be async, for a misspelt
 *   name, and for `connectionInitWaitTimeout`
 */
export function demandHooks(theirs: unknown): void {
  if (typeof theirs !== 'object' || theirs === null || Array.isArray(theirs)) {
    throw new WsAuthConfigurationError(
      `graphqlWs.options: expected an object of options for graphql-ws, got ${describe(theirs)}`,
    );
  }
  const given = theirs as Readonly<Record<string, unknown>>;
  if ('connectionInitWaitTimeout' in given) {
    throw new WsAuthConfigurationError(
      'graphqlWs.options: connectionInitWaitTimeout is authTimeoutMs; set that of graphqlWs()',
    );
  }
  for (const name of hooks) {
    if (given[name] !== undefined) {
      checkFunction(`graphqlWs.options.${name}`, given[name]);
    }
  }
  for (const name of synchronous) {
    if (typeof given[name] === 'function') {
      checkSynchronous(`graphqlWs.options.${name}`, given[name]);
    }
  }
  Object.keys(given).forEach(demandSpelling);
}

function demandSpelling(name: string): void {
  const known: readonly string[] = [...hooks, ...synchronous, ...others];
  const meant = known.includes(name) ? undefined : nearestName(name, known);
  if (meant !== undefined) {
    throw new WsAuthConfigurationError(
      `graphqlWs.options.${logText(name)}: unknown option; did you mean ${meant}?`,
    );
  }
}
