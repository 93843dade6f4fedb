import { register } from 'node:module';

const resolve = `export const resolve = (name, context, next) =>
  next(name === '@nestjs/platform-socket.io' ? 'socket.io-platform' : name, context);`;

/**
 * Has `@nestjs/platform-socket.io` found under the name that it has in this repository, whose tests need applications that find one
 * platform alone. An application of your own installs the package, and needs no such file.
 */
export function findPlatform(): void {
  register(`data:text/javascript,${encodeURIComponent(resolve)}`);
}
