import { expect } from 'vitest';
import type { Type } from '@nestjs/common';
import { startApp, type TestApp } from '../support/app.js';
import type { ConnectOptions, Refused } from '../support/client.js';

/** Starts the module of a recipe as the application that it is. */
export function startRecipe(recipe: Type<object>): Promise<TestApp> {
  return startApp({ imports: [recipe] });
}

/** Who the gateway of the recipes takes a client for. */
export async function userOfClient(
  app: TestApp,
  options: ConnectOptions = {},
  url = '/hello',
): Promise<unknown> {
  const client = await app.connect(url, options).opened();
  return client.ask('hello');
}

/** Who it takes a client for that authenticates by message. */
export async function userOfMessage(app: TestApp, data: object): Promise<unknown> {
  const client = await app.connect('/hello').opened();
  client.emit('authenticate', data);
  expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  return client.ask('hello');
}

/** Why a client is not let in by a message. */
export async function closeOfMessage(app: TestApp, data: object): Promise<unknown> {
  const client = await app.connect('/hello').opened();
  return client.emit('authenticate', data).closed();
}

export function refusalOf(app: TestApp, options: ConnectOptions, url = '/hello'): Promise<Refused> {
  return app.connect(url, options).refusal();
}

export function withHeaders(headers: Record<string, string>): ConnectOptions {
  return { headers };
}

export const rejected = { code: 3000, reason: 'credential rejected' };
