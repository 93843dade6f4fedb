import { Logger } from '@nestjs/common';
import { judgementOf } from '../authentication/judgement.js';
import type { WsAuthAttemptEvent, WsAuthEvents } from '../events/ws-auth-events.js';
import type { WsAuthPhase, WsAuthTelemetry } from '../policy/telemetry.js';
import { logError, logText } from '../protocol/log-text.js';
import type { Refusal } from '../protocol/refusal.js';

/** Levels of Nest's logger. */
export type RefusalLogLevel = 'error' | 'warn' | 'log' | 'debug' | 'verbose' | false;

/** Reports refusals to the operator: one line and one event each, without anything a peer could make up or keep secret. */
export class RefusalReporter {
  readonly #logger = new Logger('WsAuth');

  constructor(
    private readonly events: WsAuthEvents,
    private readonly level: RefusalLogLevel,
    private readonly telemetry?: WsAuthTelemetry | undefined,
  ) {}

  refused(refusal: Refusal, from: WsAuthAttemptEvent, during: WsAuthPhase): void {
    const phase = during === 'handshake' ? during : 'message';
    const { code, cause } = refusal;
    const { path } = from;
    // An error of the application. What peers can bring about at will (a refused login, a store that is down) does not get a line each.
    if (cause !== undefined && refusal.httpStatus === 500) {
      this.#logger.error(`${code} path=${logText(path)}: ${logError(cause)}`);
    }
    // The logger decides about levels: `Logger.isLevelEnabled()` of Nest 11 is false unless levels are given as an array.
    if (this.level !== false) {
      this.#logger[this.level](
        `refused ${code} phase=${phase} path=${logText(path)} address=${logText(from.address)}`,
      );
    }
    this.telemetry?.attempted({
      phase: during,
      outcome: 'refused',
      code,
      ...judgementOf(refusal),
    });
    if (this.events.has('refused')) {
      this.events.emit('refused', { code, path: logText(path), address: from.address, phase });
    }
  }
}
