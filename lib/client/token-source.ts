/** The argument of a token source: why a token is needed. */
export interface TokenRequest {
  /** Whether the server has refused the last one: do not return the same again from a cache. */
  readonly refused: boolean;
}

/** A token, or nothing if no user is logged in. */
export type Token = string | null | undefined;

/**
 * A function of the application that obtains a token. It is called once for each attempt to connect and for each renewal.
 * Sockets that need a token while a call of the same function is under way share its result. Tickets work once, so give
 * each socket a function of its own for them.
 *
 * Nothing instead of a token means that no user is logged in, and ends the socket. A rejection means that no token can be
 * had at present, and is tried again. Only the function itself bounds the time it takes.
 */
export type TokenSource = (request: TokenRequest) => Token | Promise<Token>;

/** Calls that are under way, for tokens that were not refused and for those that were. */
const calls = [
  new WeakMap<TokenSource, Promise<Token>>(),
  new WeakMap<TokenSource, Promise<Token>>(),
] as const;

/** Asks for a token, or joins a call for the same that is under way. */
export function askForToken(source: TokenSource, refused: boolean): Promise<Token> {
  const underWay = calls[refused ? 1 : 0];
  let call = underWay.get(source);
  if (!call) {
    call = Promise.resolve({ refused })
      .then(source)
      .then((token) => {
        // Each way would send something else of a whole answer, for example.
        if (token && typeof token !== 'string') {
          throw new TypeError('token: expected a string');
        }
        return token;
      })
      .finally(() => underWay.delete(source));
    underWay.set(source, call);
  }
  return call;
}
