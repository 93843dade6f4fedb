import { authenticate } from 'nestjs-ws-auth/socket.io-client';
import { io, type Socket } from 'socket.io-client';

/** Joins the chat. The socket renews its session, and reconnects with a new token after the end of one. */
export function joinChat(origin: string, token: () => Promise<string>): Socket {
  const socket = io(`${origin}/chat`);
  authenticate(socket, { token, onUnauthenticated: () => console.log('please log in') });
  return socket;
}
