import { WsAdapter } from '@nestjs/platform-ws';
import type { Contender } from './contender.js';
import { EchoGateway } from './echo.gateway.js';
import { startNest } from './nest-application.js';

/** `WsAdapter` of Nest, which lets everybody in. */
export const stockNest: Contender = () =>
  startNest({ providers: [EchoGateway] }, (app) => app.useWebSocketAdapter(new WsAdapter(app)));
