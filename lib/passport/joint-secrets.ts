import { jwtsIn } from '../credentials/jwt-search.js';
import type { Basis } from './basis.js';

/** Most secrets whose parts are distinguished: each more doubles their number. */
const maxSecretsInParts = 4;

/**
 * Several secrets make up one credential, such as the name of an API key and its secret. One of them alone revokes nothing, since
 * others may share it.
 */
export function basisOfSecrets(secrets: readonly string[]): Basis {
  const all = jointly(secrets);
  const parts = secrets.length > maxSecretsInParts ? [] : partsOf(secrets);
  return {
    tokens: [all],
    verified: false,
    presented: false,
    ...(parts.length > 1 && { parts: parts.map(jointly).filter((each) => each !== all) }),
  };
}

/** The tokens that a strategy makes of secrets by joining them, in any order: which one is not seen. */
export function joinedTokens(secrets: readonly string[]): readonly string[] {
  return secrets.length > maxSecretsInParts
    ? []
    : [...new Set(ordersOf(secrets).flatMap((order) => jwtsIn(order.join(''))))];
}

function ordersOf(secrets: readonly string[]): readonly (readonly string[])[] {
  return secrets.length < 2
    ? [secrets]
    : secrets.flatMap((first) =>
        ordersOf(secrets.filter((each) => each !== first)).map((rest) => [first, ...rest]),
      );
}

/** All lists that some of the secrets make, in their order. */
function partsOf(secrets: readonly string[]): readonly (readonly string[])[] {
  return secrets.reduce<readonly (readonly string[])[]>(
    (parts, secret) => [...parts, ...parts.map((part) => [...part, secret]), [secret]],
    [],
  );
}

function jointly(secrets: readonly string[]): string {
  const [only, ...others] = secrets;
  return others.length === 0 ? only! : JSON.stringify(secrets);
}
