import { ports } from '../config.js';

const hosts = ['localhost', '127.0.0.1'];
const webSockets = hosts.flatMap((name) =>
  Object.values(ports).map((port) => `ws://${name}:${port}`),
);

/** Socket.IO begins with HTTP. */
const polling = hosts.map((name) => `http://${name}:${ports.socketIo}`);

/** Lets a page load its own files, ask its own server, open the WebSockets and embed the cookie bridge; no more. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  `connect-src 'self' ${[...webSockets, ...polling].join(' ')}`,
  `frame-src ${hosts.map((name) => `http://${name}:${ports.cookie}`).join(' ')}`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
