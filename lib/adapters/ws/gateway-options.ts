import type { ServerOptions } from 'ws';
import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import {
  callback,
  constructable,
  count,
  demandValues,
  duration,
  flag,
  type ValueChecks,
} from '../gateway-values.js';
import { adviceOnUnknown, portIsFirst } from '../unknown-option.js';

type Effect = 'effect' | 'own port' | (string & {});

/** Options of newer versions than the types know. */
type NewerOption = 'closeTimeout' | 'maxBufferedChunks' | 'maxFragments';

const isOurs = 'servers of this package have no such choice; remove it';

/** The options of `ws` on a gateway: whether they have an effect, and otherwise what to write instead. */
const effects: Readonly<Record<string, Effect>> = {
  WebSocket: 'effect',
  allowSynchronousEvents: 'effect',
  autoPong: 'effect',
  clientTracking: 'effect',
  closeTimeout: 'effect',
  handleProtocols: 'effect',
  maxBufferedChunks: 'effect',
  maxFragments: 'effect',
  maxPayload: 'effect',
  path: 'effect',
  perMessageDeflate: 'effect',
  skipUTF8Validation: 'effect',
  verifyClient: 'effect',
  host: 'own port',
  backlog: 'own port',
  noServer: isOurs,
  server: isOurs,
  port: portIsFirst,
} satisfies Record<keyof ServerOptions | NewerOption, Effect>;

const values: ValueChecks = {
  WebSocket: constructable,
  allowSynchronousEvents: flag,
  autoPong: flag,
  clientTracking: flag,
  closeTimeout: duration,
  handleProtocols: callback,
  maxBufferedChunks: count,
  maxFragments: count,
  maxPayload: count,
  skipUTF8Validation: flag,
  verifyClient: callback,
};

/**
 * Refuses options of `@WebSocketGateway()` that have no effect on native WebSockets, since the developer who wrote them expects one, and values of another
 * kind.
 *
 * @param hasOwnPort whether the gateway has a port of its own
 * @throws {WsAuthConfigurationError} that names the option and the fix
 */
export function demandEffectiveOptions(options: object, hasOwnPort: boolean): void {
  for (const [name, value] of Object.entries(options)) {
    const effect = value === undefined ? 'effect' : effectOf(name);
    if (effect === 'own port' && !hasOwnPort) {
      throw new WsAuthConfigurationError(
        `${name}: it has no effect on the port of the application; pass it to app.listen()`,
      );
    }
    if (effect !== 'effect' && effect !== 'own port') {
      throw new WsAuthConfigurationError(`${name}: ${effect}`);
    }
  }
  demandValues(values, options);
}

function effectOf(name: string): Effect {
  if (Object.hasOwn(effects, name)) {
    return effects[name]!;
  }
  if (/^\d+$/.test(name)) {
    return 'the port is a whole number and not a text: @WebSocketGateway(8080, { … })';
  }
  return adviceOnUnknown(name, {
    names: Object.keys(effects),
    transport: 'native WebSockets',
  });
}
