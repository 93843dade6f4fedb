import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { WS_AUTH_ADAPTER_CONTEXT, type AdapterContext } from './adapter-context.js';

/**
 * Looks among the providers of the application itself. `app.get()` of a missing provider logs a riddle of Nest and ends the
 * process, before an error of ours could name the fix.
 */
export function contextIn(app: INestApplicationContext): AdapterContext | undefined {
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
