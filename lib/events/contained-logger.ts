import { Logger, type LoggerService } from '@nestjs/common';
import { isThenable } from '../passport/thenable.js';
import { logError } from '../protocol/log-text.js';

/**
 * A logger of Nest whose lines cannot fail: an exception of the logger that the application has set, or a promise that it rejects, would
 * end the process, or leave a client open that was about to be closed.
 *
 * Nest asks for `localInstance` with each line, also with those that it has buffered while the application starts.
 */
export class ContainedLogger extends Logger {
  override get localInstance(): LoggerService {
    return new ContainedLines(super.localInstance);
  }
}

type Level = 'log' | 'error' | 'warn' | 'debug' | 'verbose' | 'fatal';

class ContainedLines implements LoggerService {
  /** @param target is missing where the application logs nothing */
  constructor(private readonly target: LoggerService | undefined) {}

  log(...line: readonly unknown[]): void {
    this.#write('log', line);
  }

  error(...line: readonly unknown[]): void {
    this.#write('error', line);
  }

  warn(...line: readonly unknown[]): void {
    this.#write('warn', line);
  }

  debug(...line: readonly unknown[]): void {
    this.#write('debug', line);
  }

  verbose(...line: readonly unknown[]): void {
    this.#write('verbose', line);
  }

  fatal(...line: readonly unknown[]): void {
    this.#write('fatal', line);
  }

  /** A line that cannot be written is named in another one: most loggers fail on one value that they cannot print. */
  #write(level: Level, line: readonly unknown[]): void {
    this.#call(level, line, (error) => {
      const what = typeof line[0] === 'string' ? line[0] : 'an error';
      const text = `${what}, and the logger failed with ${logError(error)}`;
      this.#call('error', [text, line.at(-1)], ignore);
    });
  }

  #call(level: Level, line: readonly unknown[], onFault: (error: unknown) => void): void {
    try {
      const returned: unknown = this.target?.[level]?.(line[0], ...line.slice(1));
      if (isThenable(returned)) {
        returned.then(undefined, onFault);
      }
    } catch (error) {
      onFault(error);
    }
  }
}

function ignore(): void {}
