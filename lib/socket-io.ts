export { WsAuthIoAdapter } from './adapters/socket-io/socket-io-auth.adapter.js';
export { socketIo } from './adapters/socket-io/socket-io.platform.js';
