import { ContainedLogger } from '../events/contained-logger.js';
import type {
  WsAuthAttempt,
  WsAuthAuthentication,
  WsAuthGauges,
  WsAuthIncident,
  WsAuthObservation,
  WsAuthTelemetry,
  WsAuthVerdict,
} from '../policy/telemetry.js';
import { logError } from '../protocol/log-text.js';
import { callContained } from '../adapters/contain.js';

const logger = new ContainedLogger('WsAuth');

/**
 * Telemetry whose exceptions harm no connection: most of its methods are called from timers and from callbacks of `ws`,
 * where an exception ends the process.
 */
export class ContainedTelemetry implements WsAuthTelemetry {
  /** Methods whose failure is in the log already: clients decide how often they are called. */
  readonly #logged = new Set<string>();

  constructor(private readonly telemetry: WsAuthTelemetry) {}

  /** @throws what the telemetry throws: the application is booting. */
  start(gauges: WsAuthGauges): void {
    this.telemetry.start(gauges);
  }

  stop(): void {
    this.#contain('stop', () => this.telemetry.stop());
  }

  begin(authentication: WsAuthAuthentication): WsAuthObservation {
    let observation: WsAuthObservation | undefined;
    this.#contain('begin', () => {
      observation = this.telemetry.begin(authentication);
      return observation;
    });
    return {
      within: (run) => this.#within(observation, run),
      end: (verdict: WsAuthVerdict) => this.#contain('end', () => observation?.end(verdict)),
    };
  }

  attempted(attempt: WsAuthAttempt): void {
    this.#contain('attempted', () => this.telemetry.attempted(attempt));
  }

  happened(incident: WsAuthIncident): void {
    this.#contain('happened', () => this.telemetry.happened(incident));
  }

  /** Runs exactly once, and ends as the run does, whatever the observation makes of it. */
  #within<Result>(observation: WsAuthObservation | undefined, run: () => Result): Result {
    let end: (() => Result) | undefined;
    const settle = () => void (end ??= endOf(run));
    this.#contain('within', () => observation?.within(settle));
    settle();
    return end!();
  }

  #contain(method: string, call: () => unknown): void {
    callContained(call, (error) => this.#blame(method, error));
  }

  #blame(method: string, error: unknown): void {
    if (!this.#logged.has(method)) {
      this.#logged.add(method);
      logger.error(`telemetry.${method}() threw: ${logError(error)}`);
    }
  }
}

/** Runs, and gives a function that ends in the same way each time it is called. */
function endOf<Result>(run: () => Result): () => Result {
  try {
    const result = run();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
