import { ContainedLogger } from '../events/contained-logger.js';
import { judgementOf } from '../authentication/judgement.js';
import type { WsAuthAttemptEvent, WsAuthEvents } from '../events/ws-auth-events.js';
import type { WsAuthPhase, WsAuthTelemetry } from '../policy/telemetry.js';
import type { WsAuthDiagnosis } from '../protocol/diagnosis.js';
import { logError, logText } from '../protocol/log-text.js';
import { fixOf } from '../protocol/refusal-fix.js';
import type { Refusal } from '../protocol/refusal.js';
import { nameOfReason } from '../protocol/safe-name.js';
import type { WsAuthTransport } from '../protocol/transport.js';
import { diagnosisLine, originLine } from './diagnosis-line.js';

/** The page that explains every code, as it is installed. */
const guide = 'nestjs-ws-auth/lib/guides/troubleshooting.md';

/** Levels of Nest's logger. */
export type RefusalLogLevel = 'error' | 'warn' | 'log' | 'debug' | 'verbose' | false;

/** The client that was refused. */
interface RefusedClient extends WsAuthAttemptEvent {
  /** Absent where the path belongs to no gateway. */
  readonly transport?: WsAuthTransport;
}

/**
 * Reports refusals to the operator: one line and one event each, with the names of what refused and nothing that is a secret. Only
 * here does the diagnosis of a refusal leave the process.
 */
export class RefusalReporter {
  readonly #logger = new ContainedLogger('WsAuth');
  /** What has been logged: its size is bounded by the texts that there are. */
  readonly #fixes = new Set<string>();

  constructor(
    private readonly events: WsAuthEvents,
    private readonly level: RefusalLogLevel,
    private readonly telemetry?: WsAuthTelemetry | undefined,
  ) {}

  refused(refusal: Refusal, from: RefusedClient, during: WsAuthPhase): void {
    const phase = during === 'handshake' ? during : 'message';
    const { code, cause } = refusal;
    const { path } = from;
    // An error of the application. What peers can bring about at will (a refused login, a store that is down) does not get a line each.
    if (cause !== undefined && refusal.isFault) {
      this.#logger.error(`${code} path=${logText(path)}: ${logError(cause)}`);
    }
    this.#publish(refusal, from, phase);
    this.telemetry?.attempted({
      phase: during,
      outcome: 'refused',
      code,
      ...judgementOf(refusal),
    });
  }

  /** Reports a client that a guard of `handleConnection` has refused. Its authentication has succeeded, and was counted so. */
  refusedByGuard(refusal: Refusal, from: RefusedClient): void {
    this.#publish(refusal, from, 'message');
  }

  #publish(refusal: Refusal, from: RefusedClient, phase: 'handshake' | 'message'): void {
    const { code } = refusal;
    const place = readable(from);
    const { path, namespace, address } = place;
    const where = namespace === undefined ? path : `${path} namespace=${namespace}`;
    const diagnosis = diagnosisOf(refusal);
    this.#log(
      `refused ${code} phase=${phase} path=${where} address=${logText(address)}`,
      diagnosis,
    );
    this.#logFix(refusal, namespace === undefined ? from.transport : 'socket.io');
    if (this.events.has('refused')) {
      this.events.emit('refused', { ...place, code, phase, diagnosis });
    }
  }

  /** The logger decides about levels: `Logger.isLevelEnabled()` of Nest 11 is false unless levels are given as an array. */
  #log(line: string, diagnosis: WsAuthDiagnosis): void {
    if (this.level === false) {
      return;
    }
    const isDebug = this.level === 'debug' || this.level === 'verbose';
    const origin = originLine(diagnosis);
    this.#logger[this.level](line + diagnosisLine(diagnosis) + (isDebug ? origin : ''));
    // Origins are input of the peer: they are for the developer, and not for the log of a server in use.
    if (!isDebug && origin !== '') {
      this.#logger.debug(line + origin);
    }
  }

  /** What to do, once for each kind of refusal: the line of a refusal has names alone. */
  #logFix({ code, diagnosis }: Refusal, transport: WsAuthTransport | undefined): void {
    if (this.level === false) {
      return;
    }
    const fix = fixOf(diagnosis, transport);
    if (fix === undefined || this.#fixes.has(fix.of)) {
      return;
    }
    this.#fixes.add(fix.of);
    this.#logger[this.level](`fix, shown once: ${fix.text} (${code} in ${guide})`);
  }
}

/** The client has chosen the path, and the namespace where a pattern makes namespaces. */
function readable({ path, namespace, address }: WsAuthAttemptEvent): WsAuthAttemptEvent {
  const place = { path: logText(path), address };
  return namespace === undefined ? place : { ...place, namespace: logText(namespace) };
}

/** What strategies threw has its name among their answers. */
function diagnosisOf({ cause, diagnosis }: Refusal): WsAuthDiagnosis {
  const error = diagnosis.strategies ? undefined : nameOfReason(cause);
  return error === undefined ? diagnosis : { ...diagnosis, error };
}
