import { ApplicationConfig } from '@nestjs/core';
import { SocketModule } from '@nestjs/websockets/socket-module.js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkGlobalGuards } from '../../../lib/guards/global-guards.js';
import { WsAuthGuard } from '../../../lib/guards/ws-auth.guard.js';

class OwnGuard extends WsAuthGuard {}
class OtherGuard {
  canActivate(): boolean {
    return true;
  }
}

function configOf(prepare: (config: ApplicationConfig) => unknown): ApplicationConfig {
  const config = new ApplicationConfig();
  prepare(config);
  return config;
}

const requestScoped = (metatype: unknown) =>
  configOf((config) => config.addGlobalRequestGuard({ metatype } as never));

const global: [string, ApplicationConfig][] = [
  ['useGlobalGuards()', configOf((config) => config.useGlobalGuards(new WsAuthGuard()))],
  ['a subclass', configOf((config) => config.useGlobalGuards(new OtherGuard(), new OwnGuard()))],
  ['APP_GUARD', configOf((config) => config.addGlobalGuard(new WsAuthGuard()))],
];

const scoped: [string, ApplicationConfig][] = [
  ['a request-scoped APP_GUARD', requestScoped(WsAuthGuard)],
  ['a request-scoped subclass', requestScoped(OwnGuard)],
];

const others: [string, ApplicationConfig][] = [
  ['none', new ApplicationConfig()],
  ['another guard', configOf((config) => config.useGlobalGuards(new OtherGuard()))],
  ['another request-scoped guard', requestScoped(OtherGuard)],
  ['a request-scoped factory', requestScoped(undefined)],
];

afterEach(() => {
  vi.restoreAllMocks();
});

/** As Nest 11 does: what creates handlers of gateways does not know of global guards. */
function ignoreGlobalGuards(): void {
  const { prototype } = SocketModule as unknown as { readonly prototype: Creator };
  const replaced = vi.spyOn(prototype, 'getContextCreator').mockReturnValue(undefined);
  Object.defineProperty(replaced, 'length', { value: 1 });
}

/** The private method that Nest 11 gives one parameter, and Nest 12 three. */
interface Creator {
  getContextCreator(container: unknown): unknown;
}

describe('a global WsAuthGuard', () => {
  it.each([...global, ...others])('K14d: is accepted where Nest runs it: %s', (_name, config) => {
    expect(() => checkGlobalGuards(config)).not.toThrow();
  });

  it.each(scoped)('K14d: is refused on every version: %s', (_name, config) => {
    expect(() => checkGlobalGuards(config)).toThrow(/^WsAuthGuard: .*take its scope away/);
  });

  it.each([...global, ...scoped])('K14d: is refused where Nest ignores it: %s', (_name, config) => {
    ignoreGlobalGuards();
    expect(() => checkGlobalGuards(config)).toThrow(/^WsAuthGuard: .*@UseGuards\(WsAuthGuard\)/);
  });

  it.each(others)('K14d: is not taken for %s', (_name, config) => {
    ignoreGlobalGuards();
    expect(() => checkGlobalGuards(config)).not.toThrow();
  });
});
