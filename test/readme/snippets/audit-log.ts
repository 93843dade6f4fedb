import { Injectable, Logger } from '@nestjs/common';
import { WsAuthEvents } from 'nestjs-ws-auth';

@Injectable()
export class AuditLog {
  readonly #logger = new Logger('Audit');

  constructor(events: WsAuthEvents) {
    events.on('authenticated', ({ userId, transport }) =>
      this.#logger.log(`${userId} by ${transport}`),
    );
    events.on('refused', ({ code, path, address }) =>
      this.#logger.warn(`${code} ${path} ${address}`),
    );
  }
}
