import type { ArgumentsHost } from '@nestjs/common';
import type { GatewayBinding } from './gateway-binding.js';

/** Nest calls it where it cannot make a request-scoped gateway: the hook has not begun, and nothing may be handled. */
export class LoadFailure {
  constructor(private readonly binding: GatewayBinding) {}

  catch(error: unknown, host: ArgumentsHost): void {
    this.binding.fail(host.switchToWs().getClient<object>(), error);
  }
}
