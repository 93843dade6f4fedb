import { Injectable, Logger } from '@nestjs/common';
import { WsAuthEvents } from 'nestjs-ws-auth';

@Injectable()
export class AuditLog {
  readonly #logger = new Logger('Audit');

  constructor(events: WsAuthEvents) {
    events.on('authenticated', ({ userId, extractor }) =>
      this.#logger.log(`${userId} by ${extractor}`),
    );
    events.on('refused', ({ code, path, address }) =>
      this.#logger.warn(`${code} ${path} ${address}`),
    );
  }
}
