import { io } from 'socket.io-client';
import { authenticate } from 'nestjs-ws-auth/socket.io-client';

export function openChat(origin: string, token: () => Promise<string>, logIn: () => void) {
  const socket = io(`${origin}/chat`);
  authenticate(socket, { token, onUnauthenticated: logIn });
  return socket;
}
