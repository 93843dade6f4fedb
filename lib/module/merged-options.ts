import type { WsAuthModuleOptions } from '../policy/options.js';

/** Joins layers of options: the last layer that gives an option wins, and one that is `undefined` overrides nothing. */
export function mergeOptions(...layers: readonly object[]): WsAuthModuleOptions {
  return Object.assign({}, ...layers.map(defined)) as WsAuthModuleOptions;
}

function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
