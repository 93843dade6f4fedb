import type { WebSocketAdapter } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import type { AdapterContext, ProtectedServer } from '../adapters/adapter-context.js';
import type { Platform } from '../adapters/platform.js';
import { anotherCopy } from '../errors/another-copy.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { FoundGateway } from './gateway-policies.js';

/**
 * Installs the adapter of the platform, and refuses every other adapter from then on: Nest would bind gateways to it, on ports of their
 * own, before a lifecycle hook could refuse it.
 *
 * @throws {WsAuthConfigurationError} if the module is imported twice, or after Nest has bound the gateways to another adapter
 */
export function installAdapter(
  config: ApplicationConfig,
  platform: Platform,
  context: AdapterContext,
): void {
  const adapter = config.getIoAdapter() as object | undefined;
  if (platform.isAdapter(adapter)) {
    throw new WsAuthConfigurationError(
      'WsAuthModule: forRoot() or forRootAsync() is called twice, and each call, also with equal options, makes another ' +
        'module; call it once, in the root module (it is global), and use @WsAuth(…) for what single gateways demand',
    );
  }
  if (adapter) {
    throw new WsAuthConfigurationError(
      `WsAuthModule: it is loaded after ${adapter.constructor.name} has been set, as by LazyModuleLoader, so that nothing would ` +
        'authenticate clients of the gateways; import it in the root module',
    );
  }
  config.setIoAdapter(platform.createAdapter(context));
  const setIoAdapter = config.setIoAdapter.bind(config);
  config.setIoAdapter = (other) => {
    demandOwnAdapter(platform, other);
    demandOwnServers(platform, other, context);
    setIoAdapter(other);
  };
}

/** A method that an application derives may call `super.create()`, and return another server. */
function demandOwnServers(
  { hasMade }: Platform,
  adapter: WebSocketAdapter,
  context: Pick<AdapterContext, 'accessOf'>,
): void {
  if (!Object.isExtensible(adapter)) {
    throw new WsAuthConfigurationError(
      `useWebSocketAdapter: ${adapter.constructor.name} is frozen, and Nest sets properties of it; remove Object.freeze()`,
    );
  }
  const inner: WebSocketAdapter['create'] = adapter.create.bind(adapter);
  const create: WebSocketAdapter['create'] = (port, options) => {
    const made: unknown = inner(port, options);
    const { path, namespace = '/' } = Object(options) as { path?: string; namespace?: string };
    if (!hasMade(adapter, made) && context.accessOf(port, path, namespace) !== 'public') {
      const at = port === 0 ? '' : `:${port}`;
      throw new WsAuthConfigurationError(
        `${adapter.constructor.name}: create() returns a server for ${at}${path ?? '/'} that this package has not made, so that nothing ` +
          'would authenticate its clients; return what super.create(port, options) returns',
      );
    }
    return made;
  };
  // A frozen prototype would not let it be assigned.
  Object.defineProperty(adapter, 'create', { value: create, configurable: true, writable: true });
}

/** @throws {WsAuthConfigurationError} for an adapter that would leave the gateways open */
export function demandOwnAdapter(
  { adapterName, isAdapter, transport }: Platform,
  adapter: unknown,
): void {
  if (!isAdapter(adapter)) {
    const name = (adapter as object | undefined)?.constructor.name ?? 'the adapter';
    if (name === adapterName) {
      throw new WsAuthConfigurationError(
        `useWebSocketAdapter: this ${adapterName} does not authenticate for this module; ${anotherCopy}`,
      );
    }
    const base = baseOf(adapter);
    throw new WsAuthConfigurationError(
      base === undefined
        ? `useWebSocketAdapter: ${name} does not authenticate; remove the line from main.ts (WsAuthModule installs ` +
            `${adapterName}), or pass new ${adapterName}(app)`
        : `useWebSocketAdapter: ${name} does not authenticate; let it extend ${adapterName} of nestjs-ws-auth/${transport} instead of ` +
            `${base}, or remove the line from main.ts, where its own code is not needed (WsAuthModule installs ${adapterName})`,
    );
  }
}

/** Name of the adapter of Nest that a class of the application extends. */
function baseOf(adapter: unknown): string | undefined {
  let each: unknown = (adapter as object | undefined)?.constructor;
  while (typeof each === 'function' && each !== Function.prototype) {
    each = Object.getPrototypeOf(each);
    const { name } = each as { readonly name?: unknown };
    if (name === 'WsAdapter' || name === 'IoAdapter') {
      return name;
    }
  }
  return undefined;
}

/**
 * Refuses an adapter of the application whose `create()` has not called `super.create()`: Nest binds gateways to the server that it
 * returns, and nothing stands in front of that one.
 *
 * @param adapter `undefined` where Nest makes no gateways, as in a standalone application
 * @param servers those that were made here
 * @throws {WsAuthConfigurationError} that names the gateway and the fix
 */
export function demandServed(
  adapter: object | undefined,
  gateways: readonly FoundGateway[],
  servers: readonly Pick<ProtectedServer, 'port' | 'path'>[],
): void {
  const isServed = ({ port, path }: FoundGateway) =>
    servers.some((each) => each.port === port && each.path === path);
  const open = adapter && gateways.find((each) => !each.isPublic && !isServed(each));
  if (open) {
    throw new WsAuthConfigurationError(
      `${open.gateway.name}: ${adapter.constructor.name} has made no server for this gateway, so that nothing would authenticate its ` +
        'clients; return super.create(port, options) from create() of the adapter, and list the gateway among the providers',
    );
  }
}
