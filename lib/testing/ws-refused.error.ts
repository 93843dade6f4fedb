import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** The HTTP response to an upgrade that was refused. */
export interface RefusedUpgrade {
  /** Status code. */
  readonly status: number;
  /** Header fields, as Node.js joins them. */
  readonly headers: IncomingHttpHeaders;
  /** One entry for each `WWW-Authenticate` line. */
  readonly challenges: readonly string[];
  /** The reason as text, such as `credential rejected`, and a line break. */
  readonly body: string;
}

/**
 * Thrown when the application refuses a test client.
 *
 * @example
 * ```ts
 * const error = await expectRefused(connect(app), { closeCode: 3000 });
 * const { reason, response } = error; // `response`: status, headers and challenges of a refused upgrade
 * ```
 * @publicApi
 */
export class WsRefusedError extends Error {
  /** HTTP status of the refusal, if it came before the 101. */
  readonly status: number | undefined;
  /** Code of the close frame, if the client was accepted first. */
  readonly closeCode: number | undefined;
  /** The constant text of the refusal, such as `credential rejected`. */
  readonly reason: string;
  /** The HTTP response, if there is one. */
  readonly response: RefusedUpgrade | undefined;

  private constructor(how: string, facts: Facts) {
    super(`${how}: ${facts.reason || 'no reason given'}`);
    this.name = 'WsRefusedError';
    this.status = facts.response?.status;
    this.closeCode = facts.closeCode;
    this.reason = facts.reason;
    this.response = facts.response;
  }

  /** @internal */
  static ofResponse(response: RefusedUpgrade): WsRefusedError {
    return new WsRefusedError(`refused with status ${response.status}`, {
      reason: response.body.trim(),
      response,
      closeCode: undefined,
    });
  }

  /** @internal */
  static ofClosing(closing: { readonly code: number; readonly reason: string }): WsRefusedError {
    const { code: closeCode, reason } = closing;
    return new WsRefusedError(`closed with ${closeCode}`, {
      reason,
      closeCode,
      response: undefined,
    });
  }
}

interface Facts {
  readonly reason: string;
  readonly closeCode: number | undefined;
  readonly response: RefusedUpgrade | undefined;
}

/** Reads a response to its end. */
export async function readRefusedUpgrade(response: IncomingMessage): Promise<RefusedUpgrade> {
  let body = '';
  for await (const chunk of response) {
    body += String(chunk);
  }
  const { rawHeaders, headers, statusCode } = response;
  return { status: statusCode!, headers, challenges: challengesIn(rawHeaders), body };
}

/** One entry for each `WWW-Authenticate` line. */
export function challengesIn(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter(
    (_value, index) =>
      index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === 'www-authenticate',
  );
}
