import { WsAuthConfigurationError } from '../../errors/ws-auth.error.js';
import { demandKnownOptions } from '../../policy/check-options.js';

/**
 * One case of a conformance suite. It depends on no test runner.
 *
 * @example
 * ```ts
 * for (const { name, exception, run } of transportConformance(open)) {
 *   it.skipIf(exception)(name, run); // node:test: test(name, { skip: exception }, run)
 * }
 * ```
 * @publicApi
 */
export interface ConformanceCase {
  /** Stable name, which {@link ConformanceExceptions} use. */
  readonly id: string;
  /** What must hold, as a sentence. */
  readonly name: string;
  /** Why the case does not apply; `undefined` if it does. */
  readonly exception: string | undefined;
  /** Rejects where the implementation does not conform. */
  readonly run: () => Promise<void>;
}

/**
 * Cases that do not apply, by `id`, each with the reason why the protocol of the transport, or the store, rules it out.
 *
 * @example
 * ```ts
 * const exceptions = { 'queue-limit': 'the client of Socket.IO sends nothing before the server has accepted it' };
 * ```
 * @publicApi
 */
export type ConformanceExceptions = Readonly<Record<string, string>>;

/**
 * How a conformance suite runs.
 *
 * @publicApi
 */
export interface ConformanceOptions {
  /** Cases that do not apply, by `id`, each with the reason. */
  readonly exceptions?: ConformanceExceptions;
  /**
   * Longest wait in milliseconds for any one thing, by the clock of the machine.
   *
   * @default 4_000
   */
  readonly timeoutMs?: number;
}

const conformanceOptions: Readonly<Record<keyof ConformanceOptions, true>> = {
  exceptions: true,
  timeoutMs: true,
};

/**
 * The options of a call, with their defaults.
 *
 * @throws {WsAuthConfigurationError} for an unknown option.
 */
export function conformanceSettings(
  call: string,
  options: ConformanceOptions,
): Required<ConformanceOptions> {
  demandKnownOptions(conformanceOptions, options, call);
  const { exceptions = {}, timeoutMs = 4_000 } = options;
  return { exceptions, timeoutMs };
}

/** What a case demands of a subject that is opened for it. */
export interface CaseOf<Subject> {
  readonly id: string;
  readonly name: string;
  readonly check: (subject: Subject) => Promise<void>;
}

/**
 * Turns what is demanded into cases that open a subject each, and dispose of it.
 *
 * @throws {WsAuthConfigurationError} for an exception that names no case, or has no reason.
 */
export function casesOf<Subject extends AsyncDisposable>(
  demands: readonly CaseOf<Subject>[],
  open: () => Promise<Subject>,
  exceptions: ConformanceExceptions,
): readonly ConformanceCase[] {
  checkExceptions(
    demands.map(({ id }) => id),
    exceptions,
  );
  return demands.map(({ id, name, check }) => {
    const exception = exceptions[id];
    const run = async () => {
      await using subject = await open();
      await check(subject);
    };
    const text = exception === undefined ? name : `${name} (exception: ${exception})`;
    return { id, name: text, exception, run };
  });
}

function checkExceptions(ids: readonly string[], exceptions: ConformanceExceptions): void {
  for (const [id, reason] of Object.entries(exceptions)) {
    if (!ids.includes(id)) {
      const known = ids.toSorted().join(', ');
      throw new WsAuthConfigurationError(
        `exceptions: no case is called "${id}"; choose of ${known}`,
      );
    }
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new WsAuthConfigurationError(`exceptions.${id}: expected the reason as text`);
    }
  }
}
