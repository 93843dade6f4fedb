import type { WsAuthStore } from '../../store/ws-auth-store.js';
import { Waiting } from './waiting.js';

/**
 * Two nodes that share one store: what the first stores, the second must know.
 *
 * @publicApi
 */
export interface StoreNodes extends AsyncDisposable {
  /** As one node sees the store. */
  readonly first: WsAuthStore;
  /** As another node sees it: another client of the same data, or the same object for a store in memory. */
  readonly second: WsAuthStore;
}

/**
 * Opens a store for one case, without what other cases have stored.
 *
 * @publicApi
 */
export type OpenStore = () => Promise<StoreNodes>;

/** Where one case of a store plays. */
export class StoreStage implements AsyncDisposable {
  readonly waiting: Waiting;

  constructor(
    private readonly nodes: StoreNodes,
    timeoutMs: number,
  ) {
    this.waiting = new Waiting(timeoutMs);
  }

  get first(): WsAuthStore {
    return this.nodes.first;
  }

  get second(): WsAuthStore {
    return this.nodes.second;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.waiting.stop();
    await this.nodes[Symbol.asyncDispose]();
  }
}
