/**
 * Nest's platform of Socket.IO is installed under another name here. The build reads its types from this file: the `paths` of
 * tsconfig.json would be written into the imports of the compiled package.
 */
declare module '@nestjs/platform-socket.io' {
  export * from 'socket.io-platform';
}
