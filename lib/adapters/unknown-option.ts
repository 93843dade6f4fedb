import { nearestName } from '../policy/nearest-name.js';
import { gatewayOptions } from '../policy/option-table.js';

export const portIsFirst = 'the port is the first argument: @WebSocketGateway(8080, { … })';

/** What a gateway may have. */
interface Known {
  /** Options that the transport has. */
  readonly names: readonly string[];
  /** As a developer names the transport. */
  readonly transport: string;
}

/** Why `@WebSocketGateway()` has no option of that name, and what to write instead. */
export function adviceOnUnknown(name: string, { names, transport }: Known): string {
  if (Object.hasOwn(gatewayOptions, name)) {
    return 'it belongs to @WsAuth({ … })';
  }
  const meant = nearestName(name, names);
  const question = meant === undefined ? '' : `; did you mean ${meant}?`;
  return `@WebSocketGateway() has no such option for ${transport}${question}`;
}
