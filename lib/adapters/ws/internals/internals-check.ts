import { ContainedLogger } from '../../../events/contained-logger.js';
import type { ServerOptions } from 'ws';
import type { Policy } from '../../../policy/policy.js';
import { limitsWithoutSession } from './receiver-limits.js';
import { nameOfWs } from './name-of-ws.js';
import { unknownInternals } from './self-check.js';

/** Checks the installed `ws` for each gateway at boot, and warns once about each difference. */
export class InternalsCheck {
  readonly #logger = new ContainedLogger('WsAuth');
  readonly #warned = new Set<string>();

  /** @throws {WsAuthConfigurationError} if the installed `ws` leaves gateways open. */
  check(options: ServerOptions, policy: Policy): void {
    const unknown = unknownInternals(options).filter((field) => !this.#warned.has(field));
    if (unknown.length === 0) {
      return;
    }
    unknown.forEach((field) => this.#warned.add(field));
    void this.#warn(`${unknown.join(', ')} unknown; falls back to ${boundsText(policy)}`);
  }

  async #warn(text: string): Promise<void> {
    this.#logger.warn(`${await nameOfWs()}: ${text}`);
  }
}

function boundsText({ limits }: Policy): string {
  const { maxPayload } = limitsWithoutSession(limits);
  return (
    `the bounds from before authentication: a client that authenticates by its first message may send at most ` +
    `${maxPayload} bytes a message, also with a session. Present credentials in the upgrade, or raise maxCredentialBytes`
  );
}
