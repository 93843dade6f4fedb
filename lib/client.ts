export { connect } from './client/connect.js';
export { cookie } from './client/cookie.way.js';
export { authenticateMessage, protocolsWith, urlWith } from './client/own-client.js';
export { firstMessage, queryParam, subprotocol, userInfo } from './client/way.js';
export { WsAuthCloseCode } from './protocol/close-code.js';

export type { CookieWayOptions } from './client/cookie.way.js';
export type { NumberOptions } from './client/number-options.js';
export type { ConnectOptions } from './client/options.js';
export type { ListenerOptions } from './client/socket-event-target.js';
export type {
  ClosingDetails,
  MessageDetails,
  WaitingDetails,
  WsAuthSocketEvent,
  WsAuthSocketEvents,
} from './client/socket-events.js';
export type { WsAuthSocketSession, WsAuthSocketState } from './client/socket-state.js';
export type { Token, TokenRequest, TokenSource } from './client/token-source.js';
export type { FirstMessageWayOptions, SubprotocolWayOptions, WsAuthWay } from './client/way.js';
export type {
  SocketData,
  SocketEvent,
  WebSocketConstructor,
  WebSocketLike,
} from './client/web-socket.js';
export type { WsAuthSocket } from './client/ws-auth-socket.js';
export type { WsAuthCloseAction } from './protocol/close-code.js';
export type { AuthenticateData, SessionData, WsAuthEventNames } from './protocol/message.js';
