import type { Attributes, Meter, ObservableResult } from '@opentelemetry/api';
import type { WsAuthAttempt } from '../policy/telemetry.js';
import { labelsOf } from './labels.js';

/** How many attempts had the same labels. */
interface Count {
  readonly labels: Attributes;
  value: number;
}

const attemptsOf = new WeakMap<Meter, Attempts>();

/**
 * Counts attempts, and reports how many there were on request. An SDK makes a text of the labels of each measurement that
 * it is given, which takes longer than everything else that is measured of a connection.
 */
export class Attempts {
  readonly #counts = new Map<string, Count>();

  private constructor(meter: Meter) {
    const instrument = meter.createObservableCounter('ws_auth.attempts', {
      unit: '{attempt}',
      description: 'Attempts to begin or to renew a session.',
    });
    instrument.addCallback((result) => this.#tell(result));
  }

  /** What is asked knows one answer for each name: applications that share a meter count together. */
  static of(meter: Meter): Attempts {
    const known = attemptsOf.get(meter) ?? new Attempts(meter);
    attemptsOf.set(meter, known);
    return known;
  }

  add(attempt: WsAuthAttempt): void {
    const { phase, extractor, strategy, outcome, code } = attempt;
    const key = `${phase} ${extractor} ${strategy} ${outcome} ${code}`;
    const count = this.#counts.get(key);
    if (count) {
      count.value += 1;
    } else {
      this.#counts.set(key, { labels: allLabelsOf(attempt), value: 1 });
    }
  }

  #tell(result: ObservableResult): void {
    this.#counts.forEach(({ labels, value }) => result.observe(value, labels));
  }
}

function allLabelsOf({ phase, extractor, ...rest }: WsAuthAttempt): Attributes {
  return {
    'ws_auth.phase': phase,
    ...(extractor !== undefined && { 'ws_auth.extractor': extractor }),
    ...labelsOf(rest),
  };
}
