import {
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PIPES_METADATA,
} from '@nestjs/common/constants.js';
import { PARAM_ARGS_METADATA } from '@nestjs/websockets/constants.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { decoratorOfParameter } from '../decorators/ws-user.decorator.js';
import { textOf } from '../guards/text-of.js';
import { countOn, type Method } from './internals/method-enhancers.js';

interface Parameter {
  readonly factory?: unknown;
}

type Parameters = Readonly<Record<string, Parameter>>;

/** `@ConnectedSocket()` on the first parameter, which is the client anyway. */
const harmless = '0:0';

/**
 * Refuses decorators on a hook that would be ignored: the developer who wrote them expects a check that does not happen.
 *
 * @throws {WsAuthConfigurationError} for parameter decorators and pipes, and for guards, interceptors and filters on
 *   `handleDisconnect`.
 */
export function demandHookDecorators(gateway: object, name: string, hook: Method): void {
  const what = `${(gateway as { readonly name: string }).name}.${name}`;
  const parameters = Reflect.getMetadata(PARAM_ARGS_METADATA, gateway, name) as
    Parameters | undefined;
  if (Object.entries(parameters ?? {}).some(isIgnored)) {
    throw new WsAuthConfigurationError(
      `${what}: decorators of parameters, such as @MessageBody(), do nothing here; take them away, and call userOf(client) or ` +
        'sessionOf(client)',
    );
  }
  if (countOn(hook, PIPES_METADATA) > 0) {
    throw new WsAuthConfigurationError(
      `${what}: @UsePipes() does nothing here, since there is no message; remove it`,
    );
  }
  const enhancers = [GUARDS_METADATA, INTERCEPTORS_METADATA, EXCEPTION_FILTERS_METADATA];
  if (name !== 'handleConnection' && enhancers.some((key) => countOn(hook, key) > 0)) {
    throw new WsAuthConfigurationError(
      `${what}: guards, interceptors and filters do nothing here; put them on handleConnection, or on handlers`,
    );
  }
}

/** Those of this package are refused by name (ignored-decorators.ts). */
function isIgnored([key, { factory }]: [string, Parameter]): boolean {
  return key !== harmless && decoratorOfParameter(factory) === undefined;
}

/**
 * A field is written on each instance, after all that this class can replace.
 *
 * @throws {WsAuthConfigurationError} for a hook of a request-scoped gateway that its class defines as a field.
 */
export function demandMethod(gateway: { readonly name: string }, name: string): void {
  const isField = new RegExp(String.raw`\b${name}\s*=[^=]`);
  let each: unknown = gateway;
  while (typeof each === 'function' && each !== Function.prototype) {
    if (isField.test(textOf(each as new () => unknown))) {
      throw new WsAuthConfigurationError(
        `${gateway.name}.${name}: it is a field of a request-scoped gateway, so that nothing guards it, waits for it or catches ` +
          `what it throws; write a method, ${name}(client) { … }`,
      );
    }
    each = Object.getPrototypeOf(each);
  }
}

/** Copies the decorators of a method to the one that takes its place. */
export function copyMetadata(from: object, to: object): void {
  for (const key of Reflect.getMetadataKeys(from) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, from), to);
  }
}
