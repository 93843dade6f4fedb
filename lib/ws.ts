export { WsAuthAdapter } from './adapters/ws/ws-auth.adapter.js';
export { ws } from './adapters/ws/ws.platform.js';

export type { WsAuthAdapterOptions } from './adapters/ws/ws-auth.adapter.js';
