import type { IoAdapter } from '@nestjs/platform-socket.io';

/** The server of Socket.IO, by the types of Nest's platform, so that no other copy of `socket.io` is named. */
export type IoServer = ReturnType<IoAdapter['createIOServer']>;

/** A namespace of a server. */
export type IoNamespace = ReturnType<IoServer['of']>;

/** A client in one namespace: what Nest hands to handlers. */
export type IoSocket = Parameters<IoAdapter['bindMessageHandlers']>[0];

/** Options of a server, all of them optional. */
export type IoServerOptions = Partial<NonNullable<Parameters<IoAdapter['createIOServer']>[1]>>;

/** Continues with the next middleware of a namespace, or answers CONNECT_ERROR. */
export type Next = (error?: Error) => void;

/** Answers the question whether a request may open a connection. */
export type AllowRequest = NonNullable<IoServerOptions['allowRequest']>;
