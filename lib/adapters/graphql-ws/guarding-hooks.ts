import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { isBelow } from '../path-readings.js';
import { servedSubscriptions, type ServedSubscriptions } from './served-subscriptions.js';

/** Hooks of graphql-ws that run for clients with a session alone, since `options()` stands in front of them. */
const names = ['onConnect', 'onDisconnect', 'onClose', 'onPing', 'onPong'] as const;

const guarding = new WeakSet<object>();

/** Notes that these hooks stand in front of those of the application. */
export function noteGuarding(hooks: object): void {
  Object.values(hooks).forEach((hook) => guarding.add(hook as object));
}

/**
 * Looks for a `GraphQLModule` on the path that does not use the hooks of `options()`, or has others beside them.
 *
 * @throws {WsAuthConfigurationError} since graphql-ws would run the operations of every client, or hooks for them
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
}

function demandElsewhere({ path: own }: ServedSubscriptions, path: string): void {
  if (isBelow(path, own)) {
    throw new WsAuthConfigurationError(
      `platforms: GraphQLModule would run the operations of every client of ${path}, since it does not use onConnect of options(); write ` +
        "subscriptions: { 'graphql-ws': subscriptions.options() }, with hooks of your own inside: subscriptions.options({ onConnect })",
    );
  }
}
