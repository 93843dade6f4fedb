/** Options of a client that are whole numbers. */
export interface NumberOptions {
  /**
   * Messages that wait while the socket is not authenticated; 0 keeps none. `send()` throws for one too many.
   *
   * @default 64
   */
  readonly maxQueuedMessages?: number;
  /**
   * Size in bytes of the messages that wait while the socket is not authenticated.
   *
   * @default 65_536
   */
  readonly maxQueuedBytes?: number;
  /**
   * Bound of the first delay before connecting again, in milliseconds. The delay is random, and the bound doubles with
   * each failure.
   *
   * @default 1_000
   */
  readonly backOffMs?: number;
  /**
   * Bound of all delays in milliseconds. A connection that was authenticated for so long makes failures before it forgotten.
   *
   * @default 30_000
   */
  readonly maxBackOffMs?: number;
  /**
   * Connections in a row that may fail, or be lost, before the socket gives up; `Infinity` never does, and with 1 there is
   * one connection. One that was authenticated for `maxBackOffMs` begins a new row. A page cannot distinguish a refused upgrade
   * from an unreachable server, so this bounds refusals for all ways but `firstMessage()`.
   *
   * @default Infinity
   */
  readonly maxFailures?: number;
  /**
   * Time in milliseconds for each answer of the server: to the connection and its token, to a renewal, to a ping and to
   * `close()`. The time that `token` takes is not counted. `Infinity` waits for ever.
   *
   * @default 15_000
   */
  readonly timeoutMs?: number;
  /**
   * Silence in milliseconds after which the server is pinged. A connection without an answer within `timeoutMs` is dead,
   * and replaced: so one that died without a word is noticed within `heartbeatMs + timeoutMs`.
   *
   * `Infinity` pings only when a page is seen again or online again, and 0 never, for servers that answer no pings.
   *
   * @default 30_000 where the server has acknowledged a first message, and so speaks the protocol; otherwise `Infinity`
   */
  readonly heartbeatMs?: number;
}
