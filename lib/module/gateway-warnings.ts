import type { GatewayClass } from '../decorators/gateway-demand.js';
import { guardName, isHttpGuard } from '../guards/http-guards.js';
import type { Policy } from '../policy/policy.js';
import { guardsOf, methodsOf } from './gateway-methods.js';
import { leftoverChecks } from './leftover-checks.js';

/** Warnings of code that Nest accepts and that cannot work on a gateway. */
export function gatewayWarnings(gateway: GatewayClass, policy: Policy | undefined): string[] {
  const ofPolicy = policy
    ? [...leftoverChecks(gateway, policy), ...handlerWarnings(gateway, policy)]
    : [];
  return [...guardWarnings(gateway), ...ofPolicy];
}

const effect =
  'a guard for HTTP reads what a message does not have, so that Nest answers each message with "Internal server error"';

/** Warning of global guards, for applications in which Nest runs them for gateways; `undefined` if none is for HTTP. */
export function globalGuardWarning(
  guards: readonly unknown[],
  gateways: readonly GatewayClass[],
): string | undefined {
  const names = listed(guards.filter(isHttpGuard).map(guardName));
  return names === '' || gateways.length === 0
    ? undefined
    : `APP_GUARD: ${names} also guards ${listed(gateways.map(({ name }) => name))}, and ${effect}; return true from ` +
        "canActivate() where context.getType() === 'ws', since clients of gateways are authenticated before";
}

function listed(names: readonly string[]): string {
  return [...new Set(names)].join(', ');
}

function guardWarnings(gateway: GatewayClass): string[] {
  const ofClass = guardsOf(gateway).map((guard) => ({ guard, on: gateway.name }));
  const ofMethods = methodsOf(gateway).flatMap(({ name, method }) =>
    guardsOf(method).map((guard) => ({ guard, on: `${gateway.name}.${name}` })),
  );
  return [...ofClass, ...ofMethods]
    .filter(({ guard }) => isHttpGuard(guard))
    .map(
      ({ guard, on }) =>
        `@UseGuards(${guardName(guard)}) of ${on}: ${effect}; remove it, since clients are authenticated before, or use ` +
        '@UseGuards(WsAuthGuard)',
    );
}

/** Events that never reach a gateway, and the option that renames them. */
function handlerWarnings(gateway: GatewayClass, { events }: Policy): string[] {
  return methodsOf(gateway).flatMap(({ name, message }) => {
    const taken = (['authenticate', 'ping'] as const).find((each) => events[each] === message);
    return taken === undefined
      ? []
      : `@SubscribeMessage('${events[taken]}') of ${gateway.name}.${name}: it is never called, because WsAuthModule handles ` +
          `this event; name yours differently, or set events: { ${taken}: '…' }`;
  });
}
