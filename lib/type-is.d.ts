declare module 'type-is' {
  import type { IncomingMessage } from 'node:http';

  /** The first type that the body has; `false` if it has another one, `null` without a body. */
  export default function typeOfRequest(
    request: IncomingMessage,
    types: readonly string[],
  ): string | false | null;
}
