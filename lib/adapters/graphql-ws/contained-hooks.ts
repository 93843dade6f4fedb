import { comesTooLate } from '../../passport/thenable.js';
import { isShallow } from '../../protocol/message.js';
import { sessionOf } from '../../sessions/client-session.js';
import { logFault } from '../contain.js';
import { extraOf, type GraphqlWsContext } from './graphql-context.js';
import { containEnd } from './source-end.js';

/** Hooks that graphql-ws calls when a connection has closed, in a promise that it does not watch. */
const afterwards = ['onDisconnect', 'onClose'] as const;

type Hook = (...args: readonly unknown[]) => unknown;

/**
 * The functions of the application that may fail without ending the process, or opening what they close, and that run for clients with
 * a session alone.
 */
export function containedHooks(theirs: object): Readonly<Record<string, Hook>> {
  const given = theirs as Readonly<Record<string, unknown>>;
  const contained = (names: readonly string[], wrap: (name: string, hook: Hook) => Hook) =>
    names
      .filter((name) => typeof given[name] === 'function')
      .map((name) => [name, wrap(name, given[name] as Hook)] as const);
  return Object.fromEntries([
    ['onOperation', endingQuietly(given['onOperation'] as Hook | undefined)],
    ['onPing', unlessDeep(given['onPing'] as Hook | undefined)],
    ...contained(afterwards, (name, hook) => withSession(quiet(name, hook))),
    ...contained(['onPong'], (_name, hook) => withSession(hook)),
    ...contained(['validate'], (_name, hook) => synchronous(hook)),
  ]);
}

/** Before `connection_init` the payload of a ping or pong may be a token. */
function withSession(hook: Hook | undefined): Hook {
  return (...args) => (sessionOf(args[0] as object) ? hook?.(...args) : undefined);
}

const invalidMessage = [4400, 'invalid message'] as const;

/**
 * graphql-ws writes the payload of a ping into its answer when the hook has returned. It takes the square of the levels, also before
 * `connection_init`, and so the hook of one that nests too deep does not return. An exception would fill the log.
 */
function unlessDeep(onPing: Hook | undefined): Hook {
  const ofSession = withSession(onPing);
  return (...args) => {
    const [context, payload] = args as readonly [GraphqlWsContext, unknown];
    if (isShallow(payload)) {
      return ofSession(...args);
    }
    extraOf(context).socket.close(...invalidMessage);
    return new Promise(() => undefined);
  };
}

/**
 * The hook is handed the result of an operation last, before graphql-ws iterates or returns it, and may put another in its place. Where
 * it throws, graphql-ws drops the result, whose source would go on for ever.
 */
function endingQuietly(onOperation: Hook | undefined): Hook {
  return async (...args) => {
    const result = containEnd(args.at(-1));
    try {
      const replaced = await onOperation?.(...args);
      return replaced && containEnd(replaced);
    } catch (error) {
      void (result as Partial<AsyncGenerator> | undefined)?.return?.(undefined);
      throw error;
    }
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

function quiet(name: string, hook: Hook): Hook {
  return async (...args) => {
    try {
      await hook(...args);
    } catch (error) {
      logFault(`${name} of graphql-ws`, error);
    }
  };
}
