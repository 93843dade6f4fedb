export { authenticate } from './client/io-session.js';
export { WsAuthCloseCode } from './protocol/close-code.js';

export type { AuthenticateOptions, IoSocketLike } from './client/io-options.js';
export type { Token, TokenRequest, TokenSource } from './client/token-source.js';
export type { WsAuthCloseAction } from './protocol/close-code.js';
export type { WsAuthEventNames } from './protocol/message.js';
