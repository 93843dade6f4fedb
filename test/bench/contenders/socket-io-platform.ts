import { register } from 'node:module';

/** Here the platform has another name: an application in whose folder two are found has to choose. */
const resolve = `export const resolve = (name, context, next) =>
  next(name === '@nestjs/platform-socket.io' ? 'socket.io-platform' : name, context);`;

/** Lets `@nestjs/platform-socket.io` be imported from now on. */
export function findSocketIoPlatform(): void {
  register(`data:text/javascript,${encodeURIComponent(resolve)}`);
}
