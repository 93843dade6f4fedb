import type { Provider } from '@nestjs/common';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { givenOptions, type OptionTable } from '../policy/check-options.js';
import { checkFunction, describe } from '../policy/check-option.js';
import { custom } from '../policy/option-rows.js';
import type { WsAuthModuleOptions } from '../policy/options.js';
import type { ASYNC_OPTIONS_TYPE } from './ws-auth.module-definition.js';

type AsyncOptions = typeof ASYNC_OPTIONS_TYPE;

const anything = custom((_name, value) => value);

const asyncTable = {
  imports: anything,
  inject: anything,
  provideInjectionTokensFrom: anything,
  useFactory: custom(checkFunction),
  useClass: custom(checkClass),
  useExisting: anything,
} satisfies OptionTable;

/** The ways to provide the options. */
const sources = ['useFactory', 'useClass', 'useExisting'] as const;

/**
 * Checks what `forRootAsync()` is given: Nest's own builder takes the first source that it finds, and ignores the rest.
 *
 * @throws {WsAuthConfigurationError} for a name that is unknown, and for no source or two.
 */
export function checkAsyncOptions(options: AsyncOptions): AsyncOptions {
  const given = givenOptions(asyncTable, options, 'forRootAsync');
  if (sources.filter((source) => given[source] !== undefined).length !== 1) {
    throw new WsAuthConfigurationError(
      'forRootAsync: expected one of useFactory, useClass and useExisting',
    );
  }
  const token = options.useClass ?? options.useExisting;
  return token === undefined
    ? options
    : { ...importsOf(options), inject: [token], useFactory: optionsFrom };
}

/** The class that makes the options, which is a provider of the module. */
export function classProviders({ useClass }: AsyncOptions): Provider[] {
  return useClass ? [useClass] : [];
}

/** @throws {WsAuthConfigurationError} for a value that `new` cannot be used with, such as an instance */
function checkClass(option: string, value: unknown): unknown {
  if (typeof value !== 'function') {
    throw new WsAuthConfigurationError(`${option}: expected a class, got ${describe(value)}`);
  }
  return value;
}

function importsOf({ imports, provideInjectionTokensFrom }: AsyncOptions): Partial<AsyncOptions> {
  return {
    ...(imports && { imports }),
    ...(provideInjectionTokensFrom && { provideInjectionTokensFrom }),
  };
}

function optionsFrom(maker: unknown): WsAuthModuleOptions | Promise<WsAuthModuleOptions> {
  const { createWsAuthOptions: create } = Object(maker) as { createWsAuthOptions?: unknown };
  if (typeof create !== 'function') {
    throw new WsAuthConfigurationError(
      'forRootAsync: useClass and useExisting need a class with the method createWsAuthOptions()',
    );
  }
  return create.call(maker) as WsAuthModuleOptions;
}
