import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Deferred } from '../../lib/client/deferred.js';

/** Holds up the shutdown of a node, as `gracefulShutdownTimeoutMs` of `@nestjs/terminus` does. */
@Injectable()
export class HeldShutdown implements BeforeApplicationShutdown {
  readonly begun = new Deferred<void>();
  readonly over = new Deferred<void>();

  beforeApplicationShutdown(): Promise<void> {
    this.begun.resolve();
    return this.over.promise;
  }
}
