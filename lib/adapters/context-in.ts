import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { WS_AUTH_ADAPTER_CONTEXT, type AdapterContext } from './adapter-context.js';

/**
 * What an adapter that the application has made itself knows of it.
 *
 * @param adapter name of its class, for the message
 * @throws {WsAuthConfigurationError} without an application, and for one without the module.
 */
export function demandContextIn(
  app: INestApplicationContext | undefined,
  adapter: string,
): AdapterContext {
  const context = app && contextIn(app);
  if (!context) {
    throw new WsAuthConfigurationError(
      `${adapter}: the application does not import WsAuthModule; add WsAuthModule.forRoot() to the imports of its root module, ` +
        `and pass the application: new ${adapter}(app)`,
    );
  }
  return context;
}

/**
 * Looks among the providers of the application itself. `app.get()` of a missing provider logs a riddle of Nest and ends the
 * process, before an error of ours could name the fix.
 */
function contextIn(app: INestApplicationContext): AdapterContext | undefined {
  const isApplication = typeof (app as Partial<INestApplicationContext>).get === 'function';
  const modules = isApplication ? [...app.get(ModulesContainer).values()] : [];
  for (const { providers } of modules) {
    const found = providers.get(WS_AUTH_ADAPTER_CONTEXT);
    if (found) {
      return found.instance as AdapterContext;
    }
  }
  return undefined;
}
