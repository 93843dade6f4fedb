import type { FactoryProvider } from '@nestjs/common';
import type { Platform } from '../adapters/platform.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { checkOptions, givenOptions, type Settings } from '../policy/check-options.js';
import { moduleOptions } from '../policy/option-table.js';
import type { WsAuthModuleOptions } from '../policy/options.js';
import { installedPlatform, installedPlatformOrNone } from './installed-platform.js';
import { ContainedTelemetry } from './contained-telemetry.js';
import { WS_AUTH_MODULE_OPTIONS } from './ws-auth.module-definition.js';

/** Token under which the checked options of the module are injected. */
export const WS_AUTH_SETTINGS = Symbol('nestjs-ws-auth:settings');

/** The options of the module after the check, every default in place. */
export interface ModuleSettings extends Settings<typeof moduleOptions> {
  /** The options that were given, for the policies that gateways override field by field. */
  readonly given: WsAuthModuleOptions;
}

/**
 * Checks the options of the module as soon as they are available, also where no gateway would use them.
 *
 * @throws {WsAuthConfigurationError} for an option that is unknown or invalid.
 */
export function moduleSettings(options: unknown): ModuleSettings {
  const settings = checkOptions(moduleOptions, options);
  return {
    ...settings,
    telemetry: settings.telemetry && new ContainedTelemetry(settings.telemetry),
    given: givenOptions(moduleOptions, options) as WsAuthModuleOptions,
  };
}

/** Token under which `forRoot()` and `forRootAsync()` leave their name. */
export const WS_AUTH_CONFIGURED = Symbol('nestjs-ws-auth:configured');

export const moduleSettingsProvider: FactoryProvider<ModuleSettings> = {
  provide: WS_AUTH_SETTINGS,
  inject: [
    { token: WS_AUTH_MODULE_OPTIONS, optional: true },
    { token: WS_AUTH_CONFIGURED, optional: true },
  ],
  useFactory(options: unknown, configured: string | undefined) {
    if (configured === undefined) {
      throw new WsAuthConfigurationError(
        "WsAuthModule: imported without options; write WsAuthModule.forRoot({ strategy: 'jwt' }) in the imports of the root " +
          'module, and import it nowhere else: it is global',
      );
    }
    if (options === undefined) {
      throw new WsAuthConfigurationError(
        `WsAuthModule.${configured}: the factory returned undefined; return the options from it`,
      );
    }
    return moduleSettings(options);
  },
};

/** Token under which the platform of the application is injected. */
export const WS_AUTH_PLATFORM = Symbol('nestjs-ws-auth:platform');

export const platformProvider: FactoryProvider<Platform> = {
  provide: WS_AUTH_PLATFORM,
  inject: [WS_AUTH_SETTINGS],
  // The check of the option has seen that it is one.
  useFactory: ({ platform, platforms, upgrades }: ModuleSettings) =>
    (platform as Platform | undefined) ??
    (platforms.length + upgrades.length > 0 ? installedPlatformOrNone() : installedPlatform()),
};
