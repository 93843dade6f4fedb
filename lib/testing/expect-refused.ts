import { WsRefusedError } from './ws-refused.error.js';
import { WsSessionClient } from './session-client.js';
import { demandRefusalFields } from './known-options.js';
import type { WsTestClient } from './test-client.js';

/** How a client should be refused: by an HTTP status before the 101, or by a close code after it. */
export type ExpectedRefusal = (
  | {
      /** HTTP status. */
      readonly status: number;
      /** Not with a status. */
      readonly closeCode?: never;
    }
  | {
      /** Code of the close frame. */
      readonly closeCode: number;
      /** Not with a close code. */
      readonly status?: never;
    }
) & {
  /** The reason as text, such as `credential rejected`. */
  readonly reason?: string;
};

/**
 * Resolves with the refusal if a client is refused as expected. A client that is accepted and has no session yet is expected
 * to be closed.
 *
 * @example
 * ```ts
 * await expectRefused(connect(app, { query: { token: 'forged' } }), { status: 401 });
 * ```
 * @param attempt what `connect()` or `connectAs()` returned
 * @throws {WsAuthConfigurationError} for an unknown field of `expected`.
 * @throws {Error} with what happened instead: the client was accepted, or refused in another way.
 * @publicApi
 */
export async function expectRefused(
  attempt: Promise<WsTestClient<object>>,
  expected: ExpectedRefusal,
): Promise<WsRefusedError> {
  try {
    demandRefusalFields(expected);
  } catch (error) {
    await attempt.then((client) => client[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  }
  const refused = await refusalOf(attempt, expected);
  const { status, closeCode, reason } = refused;
  const asExpected =
    status === expected.status &&
    closeCode === expected.closeCode &&
    (expected.reason === undefined || reason === expected.reason);
  if (!asExpected) {
    const message = `expected ${described(expected)}, but the client was ${refused.message}`;
    throw new Error(message, { cause: refused });
  }
  return refused;
}

async function refusalOf(
  attempt: Promise<WsTestClient<object>>,
  expected: ExpectedRefusal,
): Promise<WsRefusedError> {
  try {
    await using client = await attempt;
    if (expected.closeCode !== undefined && !hasSession(client)) {
      return WsRefusedError.ofClosing(await client.closed());
    }
    throw new Error(`expected ${described(expected)}, but the client was ${acceptanceOf(client)}`);
  } catch (error) {
    if (error instanceof WsRefusedError) {
      return error;
    }
    throw error;
  }
}

function hasSession(client: WsTestClient<object>): boolean {
  return client instanceof WsSessionClient && client.session !== undefined;
}

function acceptanceOf(client: WsTestClient<object>): string {
  const session = client instanceof WsSessionClient ? client.session : undefined;
  if (!session) {
    return 'accepted, and may send its credential now';
  }
  const who = session.anonymous ? 'anonymously' : `as ${session.userId ?? 'a user without a key'}`;
  return `accepted ${who}, by ${session.extractor}`;
}

function described({ status, closeCode, reason }: ExpectedRefusal): string {
  const how = status === undefined ? `close code ${closeCode}` : `status ${status}`;
  return `a refusal with ${how}${reason === undefined ? '' : ` (${reason})`}`;
}
