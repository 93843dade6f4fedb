/**
 * What carries a connection.
 *
 * @publicApi
 */
export type WsAuthTransport = 'ws' | 'socket.io' | 'graphql-ws';
