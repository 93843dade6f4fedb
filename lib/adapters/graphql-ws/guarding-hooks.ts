import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { isBelow } from '../path-readings.js';
import { servedSubscriptions, type ServedSubscriptions } from './served-subscriptions.js';

/** Hooks of graphql-ws that run for clients with a session alone, since `options()` stands in front of them. */
const names = ['onConnect', 'onDisconnect', 'onClose', 'onPing', 'onPong'] as const;

/** Options that graphql-ws asks about an operation only where no `onSubscribe` has prepared it. */
const asked = ['onSubscribe', 'schema', 'context', 'parse', 'validate'] as const;

type Options = Readonly<Record<string, unknown>>;

const guarding = new WeakSet<object>();

/** What the application gave to `options()`, by the `onConnect` that came out of it. */
const given = new WeakMap<object, Options>();

/** Notes that these hooks stand in front of those of the application, and what the application gave. */
export function noteGuarding(hooks: { readonly onConnect: object }, theirs: object): void {
  Object.values(hooks).forEach((hook) => guarding.add(hook));
  given.set(hooks.onConnect, theirs as Options);
}

/**
 * Looks for a `GraphQLModule` on the path that does not use the hooks of `options()`, or has others beside them or in their place.
 *
 * @throws {WsAuthConfigurationError} since graphql-ws would run the operations of every client, or hooks for them, or operations that a
 *   hook of the application refuses
 */
export function demandGuarding(module: unknown, path: string, globalPrefix: string): void {
  const served = servedSubscriptions(module, globalPrefix);
  if (!served) {
    return;
  }
  const { options } = served;
  const isOurs = (name: string) => guarding.has(options[name] as object);
  if (!isOurs('onConnect')) {
    demandElsewhere(served, path);
    return;
  }
  const beside = names.find((name) => typeof options[name] === 'function' && !isOurs(name));
  if (beside) {
    throw new WsAuthConfigurationError(
      `platforms: ${beside} of GraphQLModule stands beside options(), and would run for clients without a session; write ` +
        `subscriptions: { 'graphql-ws': subscriptions.options({ ${beside} }) }`,
    );
  }
  demandAsked(options);
}

/** Some drivers, such as that of Yoga, put an `onSubscribe` of their own in the place of that of the application. */
function demandAsked({ onConnect, onSubscribe }: Options): void {
  const theirs = given.get(onConnect as object)!;
  const isReplaced = typeof onSubscribe === 'function' && onSubscribe !== theirs['onSubscribe'];
  const lost = isReplaced && asked.find((name) => theirs[name] !== undefined);
  if (lost) {
    throw new WsAuthConfigurationError(
      `graphqlWs.options.${lost}: GraphQLModule has another onSubscribe, which prepares operations in its place, so that it would never ` +
        'run; with the driver of Yoga, decide in guards of resolvers or in a plugin of envelop; otherwise write ' +
        'subscriptions.options({ onSubscribe })',
    );
  }
}

function demandElsewhere({ path: own }: ServedSubscriptions, path: string): void {
  if (isBelow(path, own)) {
    throw new WsAuthConfigurationError(
      `platforms: GraphQLModule would run the operations of every client of ${path}, since it does not use onConnect of options(); write ` +
        "subscriptions: { 'graphql-ws': subscriptions.options() }, with hooks of your own inside: subscriptions.options({ onConnect })",
    );
  }
}
