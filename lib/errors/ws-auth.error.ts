/**
 * The codes of all errors that this package throws. A `switch` over them that forgets one does not compile.
 *
 * @example
 * ```ts
 * if (error instanceof WsAuthError && error.code === 'ERR_WS_AUTH_NO_SESSION') {
 *   throw new NotFoundException();
 * }
 * ```
 * @publicApi
 */
export type WsAuthErrorCode =
  | 'ERR_WS_AUTH_CLOSE_FRAME'
  | 'ERR_WS_AUTH_CONFIGURATION'
  | 'ERR_WS_AUTH_NOT_A_USER'
  | 'ERR_WS_AUTH_NO_SESSION'
  | 'ERR_WS_AUTH_OTHER_USER'
  | 'ERR_WS_AUTH_REVOCATION'
  | 'ERR_WS_AUTH_REVOKED'
  | 'ERR_WS_AUTH_STORE_UNAVAILABLE';

/** Extra facts about a {@link WsAuthError}. */
export interface WsAuthErrorOptions extends ErrorOptions {
  /** HTTP status that stands for the error before the 101. */
  readonly httpStatus?: number;
  /** Close code that stands for the error after the 101. */
  readonly closeCode?: number;
}

/**
 * The root of every error this package throws.
 *
 * Messages are lower case and hold neither a credential nor input of a peer, so they are safe to log.
 *
 * @publicApi
 */
export class WsAuthError extends Error {
  /** A stable name for programs, such as `ERR_WS_AUTH_NO_SESSION`. `lib/guides/troubleshooting.md` explains each. */
  readonly code: WsAuthErrorCode;
  /** HTTP status of a refusal with this error, before the 101; `undefined` if it refuses none. */
  readonly httpStatus: number | undefined;
  /** Close code of a connection that ends with this error, after the 101; `undefined` if it ends none. */
  readonly closeCode: number | undefined;

  constructor(code: WsAuthErrorCode, message: string, options: WsAuthErrorOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.httpStatus = options.httpStatus;
    this.closeCode = options.closeCode;
  }
}

/**
 * Thrown when an option is missing, invalid or unsafe: while the application boots, never later.
 *
 * The message names the option and the fix.
 *
 * @example
 * ```ts
 * try {
 *   await app.init();
 * } catch (error) {
 *   if (error instanceof WsAuthConfigurationError) {
 *     logger.error(error.message); // names the option and the fix
 *   }
 * }
 * ```
 * @publicApi
 */
export class WsAuthConfigurationError extends WsAuthError {
  constructor(message: string, options: ErrorOptions = {}) {
    super('ERR_WS_AUTH_CONFIGURATION', message, options);
  }
}

/**
 * Thrown when the user of a client without a session is requested: a client of a `@WsPublic()` gateway, or of an application
 * that does not import `WsAuthModule`.
 *
 * @example
 * ```ts
 * try {
 *   userOf(client);
 * } catch (error) {
 *   const isPublic = error instanceof WsAuthNoSessionError;
 * }
 * ```
 * @publicApi
 */
export class WsAuthNoSessionError extends WsAuthError {
  constructor(message = 'the client has no session') {
    super('ERR_WS_AUTH_NO_SESSION', message, {
      httpStatus: 401,
      closeCode: 3000,
    });
  }
}
