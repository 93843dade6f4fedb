/** What a strategy run ended in. */
export type Outcome =
  | { readonly type: 'success'; readonly user: unknown; readonly info: unknown }
  | { readonly type: 'fail'; readonly challenge: unknown; readonly status: unknown }
  | { readonly type: 'redirect' }
  | { readonly type: 'pass'; readonly user?: unknown }
  | { readonly type: 'error'; readonly error: unknown }
  | { readonly type: 'aborted' };
