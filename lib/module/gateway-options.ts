import { isDeepStrictEqual } from 'node:util';
import { GATEWAY_OPTIONS } from '@nestjs/websockets/constants.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import type { FoundGateway } from './gateway-policies.js';

type Options = Readonly<Record<string, unknown>>;

/** The options that each gateway may have of its own, whatever others share its server. */
const ofGateway: ReadonlySet<string> = new Set(['namespace', 'path']);

/**
 * Refuses options of `@WebSocketGateway()` that Nest passes to no adapter: `server`, and those of a gateway whose server is made for
 * another gateway of the same port and path. The developer who wrote them expects an effect, such as a bound.
 *
 * @param gateways in the order in which Nest makes their servers
 * @throws {WsAuthConfigurationError} that names the option, the gateway and the fix
 */
export function demandPassedOptions(gateways: readonly FoundGateway[]): void {
  for (const { gateway, port, path } of gateways) {
    const options = optionsOf(gateway);
    if (options['server'] !== undefined) {
      throw new WsAuthConfigurationError(
        `server: Nest passes it to no adapter (gateway ${gateway.name}); remove it, and protect a server of your own with ` +
          'upgrades: [protectUpgrades({ path })]',
      );
    }
    const maker = gateways.find((each) => each.port === port && each.path === path)!.gateway;
    const ignored = ignoredBeside(optionsOf(maker), options);
    if (ignored !== undefined) {
      throw new WsAuthConfigurationError(
        `${ignored}: it has no effect on ${gateway.name}, which shares the server of ${maker.name}; write it on ${maker.name}, or ` +
          'the same on both',
      );
    }
  }
}

function ignoredBeside(ofMaker: Options, options: Options): string | undefined {
  return Object.keys(options).find(
    (name) =>
      !ofGateway.has(name) &&
      options[name] !== undefined &&
      !isDeepStrictEqual(options[name], ofMaker[name]),
  );
}

function optionsOf(gateway: object): Options {
  return (Reflect.getMetadata(GATEWAY_OPTIONS, gateway) ?? {}) as Options;
}
