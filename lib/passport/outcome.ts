import type { AsyncResource } from 'node:async_hooks';
import type { MiddlewareAnswer } from './middleware-response.js';

/** What a strategy run ended in. `context` is what every `AsyncLocalStorage` held at that moment. */
export type Outcome =
  | {
      readonly type: 'success';
      readonly user: unknown;
      readonly info: unknown;
      readonly context: AsyncResource;
    }
  | { readonly type: 'fail'; readonly challenge: unknown; readonly status: unknown }
  | { readonly type: 'redirect' }
  | { readonly type: 'answer'; readonly answer: MiddlewareAnswer }
  | { readonly type: 'pass'; readonly user?: unknown; readonly context: AsyncResource }
  | { readonly type: 'error'; readonly error: unknown }
  | { readonly type: 'aborted' };
