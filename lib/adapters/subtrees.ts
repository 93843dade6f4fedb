import { readingsOf, type Reading } from './path-readings.js';
import type { UpgradeRoute } from './route.js';

/** A route that has a path and everything below it. */
export interface Subtree {
  readonly path: string;
  readonly route: UpgradeRoute;
}

/** What follows a path where it ends, and not where another one merely begins with it. */
const boundary = /^(?:[/?#]|$)/;

/** The routes of a server that have everything below their paths. */
export class Subtrees {
  /** Longest path first. */
  #all: readonly Subtree[] = [];

  get all(): readonly Subtree[] {
    return this.#all;
  }

  add(subtree: Subtree): void {
    const all = [...this.#all, subtree];
    this.#all = all.toSorted((one, other) => other.path.length - one.path.length);
  }

  /**
   * The subtrees that servers may find a request target in: more than one where they would read it differently, such as `/yjs/../graphql`.
   * The policy of one would then be asked about the client of another.
   */
  of(url: string): readonly Subtree[] {
    const found = new Set<Subtree>();
    for (const reading of readingsOf(url)) {
      const subtree = this.#within(reading);
      if (subtree) {
        found.add(subtree);
      }
    }
    return [...found];
  }

  /**
   * The longest path counts. A path that another one merely begins with belongs to a shorter one, if the longer one is of a server
   * that authenticates after the upgrade: `/graphql2` would reach the server of `/` unauthenticated.
   */
  #within(rest: Reading): Subtree | undefined {
    const [longest, ...shorter] = this.#all.filter(({ path }) => rest(path) !== undefined);
    const isShort =
      longest?.route.authenticatesLater === true && !boundary.test(rest(longest.path)!);
    return isShort ? (shorter.find(({ route }) => !route.authenticatesLater) ?? longest) : longest;
  }
}
