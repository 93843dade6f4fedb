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

/** What `PassportModule` was registered with, where the application imports it. */
export function passportOptionsIn(moduleRef: ModuleRef): PassportModuleOptions {
  try {
    return splitPassportOptions(moduleRef.get(AuthModuleOptions, { strict: false }));
  } catch {
    return noPassportOptions;
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
