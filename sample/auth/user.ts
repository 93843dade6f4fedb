/** Who a token or a session stands for. `exp` (seconds) also ends the WebSocket session. */
export interface User {
  readonly username: string;
  readonly exp: number;
}

/** Visible characters only; no colon, because HTTP Basic ends the user name at the first one. */
const userName = /^[^\p{C}\p{Z}:]{1,64}$/u;

/** Tells whether a value from outside is a name this sample accepts. */
export function isUserName(value: unknown): value is string {
  return typeof value === 'string' && userName.test(value);
}
