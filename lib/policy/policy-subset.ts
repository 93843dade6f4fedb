import { gatewayOptions } from './option-table.js';

type GatewayOptions = typeof gatewayOptions;

/** The rows of some options of a policy, for servers on which the others have no effect. */
export function policyRows<const Name extends keyof GatewayOptions>(
  names: readonly Name[],
): Pick<GatewayOptions, Name> {
  return Object.fromEntries(names.map((name) => [name, gatewayOptions[name]])) as Pick<
    GatewayOptions,
    Name
  >;
}
