import { ContainedLogger } from '../../events/contained-logger.js';
import type { Policy } from '../../policy/policy.js';
import type { Refusal } from '../../protocol/refusal.js';
import { safeFieldNames } from '../../protocol/safe-name.js';
import { isRecord } from '../../protocol/message.js';

/**
 * Warns, once, of a client that has sent `connectionParams` without a token: every client of the application does so then, and its page
 * sees a close code and no more.
 */
export class ParamsHint {
  #isGiven = false;

  constructor(private readonly policy: Pick<Policy, 'firstMessage'>) {}

  /** @param params what the client has sent; names are shown, and no values */
  look(params: unknown, { code, diagnosis }: Refusal): void {
    const { strategies = [] } = diagnosis;
    const isWithoutToken =
      code === 'ERR_WS_AUTH_CREDENTIAL_REQUIRED' ||
      strategies.some(({ answer }) => answer === 'no-token-found');
    if (this.#isGiven || !this.policy.firstMessage || !isWithoutToken) {
      return;
    }
    this.#isGiven = true;
    const names = isRecord(params) ? safeFieldNames(params) : [];
    const sent = names.length === 0 ? 'are missing' : `hold ${names.join(', ')}, and no token`;
    new ContainedLogger('WsAuth').warn(
      `graphqlWs: a client was refused because its connectionParams ${sent}; have clients send connectionParams: { token: '…' }, ` +
        "or { authorization: 'Bearer …' }",
    );
  }
}
