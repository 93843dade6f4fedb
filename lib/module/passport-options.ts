import type { ModuleRef } from '@nestjs/core';
import { AuthModuleOptions, type IAuthModuleOptions } from '@nestjs/passport';
import type { WsAuthModuleOptions } from '../policy/options.js';

/** The options of `PassportModule.register()`, by their use. */
export interface PassportModuleOptions {
  /** Options of this package that they are the defaults of. */
  readonly policy: WsAuthModuleOptions;
  /** What strategies receive beside the request. */
  readonly authenticate: object;
}

/**
 * What `PassportModule` was registered with, where the application imports it.
 *
 * Modules may register it with strategies of their own: the one of another module must not judge a gateway, so that none is the
 * default then.
 */
export function passportOptionsIn(moduleRef: ModuleRef): PassportModuleOptions {
  const all = allOptionsIn(moduleRef);
  // The one that Nest itself takes for that of the application.
  const last = all.at(-1);
  if (last === undefined) {
    return noPassportOptions;
  }
  const { defaultStrategy: _own, ...options } = last;
  const defaults = all.flatMap((each) => (each.defaultStrategy ? [each.defaultStrategy] : []));
  const [defaultStrategy] = defaults;
  const isOne = defaultStrategy && new Set(defaults.map(String)).size === 1;
  return splitPassportOptions(isOne ? { ...options, defaultStrategy } : options);
}

function allOptionsIn(moduleRef: ModuleRef): readonly IAuthModuleOptions[] {
  try {
    const all = moduleRef.get<IAuthModuleOptions | null>(AuthModuleOptions, {
      strict: false,
      each: true,
    });
    // A factory may return nothing, as for AuthGuard.
    return all.filter((each) => each !== null && each !== undefined);
  } catch {
    return [];
  }
}

const noPassportOptions: PassportModuleOptions = Object.freeze({
  policy: {},
  authenticate: {},
});

/**
 * Splits the options as `AuthGuard` does: `defaultStrategy` and `property` are its own, and all others are passed to
 * `authenticate()` of each strategy.
 */
function splitPassportOptions(options: IAuthModuleOptions): PassportModuleOptions {
  const { defaultStrategy, property, ...others } = options;
  return {
    policy: {
      ...(defaultStrategy !== undefined && { strategy: defaultStrategy }),
      // An empty name stands for the default, as in `AuthGuard`.
      ...(property && { property }),
    },
    authenticate: { session: false, ...others },
  };
}
