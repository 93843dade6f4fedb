/** Reads a positive integer from the environment, or stops with the name of the variable. */
function integerFromEnvironment(name: string, fallback: number, maximum: number): number {
  const value = Number(process.env[name] || fallback);
  if (!Number.isInteger(value) || value < 1 || value > maximum) {
    throw new Error(`${name} must be an integer from 1 to ${maximum}`);
  }
  return value;
}

const http = integerFromEnvironment('SAMPLE_PORT', 8000, 65_528);

/** One origin for the page, one for each way of authenticating, and one for Socket.IO. `SAMPLE_PORT` moves them all. */
export const ports = Object.freeze({
  http,
  firstMessage: http + 1,
  queryParam: http + 2,
  cookie: http + 3,
  basic: http + 4,
  userInfo: http + 5,
  subprotocol: http + 6,
  socketIo: http + 7,
});

/** The sample hands a token to every client that asks, so it listens on the loopback interface only. */
export const host = '127.0.0.1';

/** The origins of the test page: the same page, by both names of the loopback interface. */
export const pageOrigins: readonly string[] = Object.freeze([
  `http://localhost:${http}`,
  `http://127.0.0.1:${http}`,
]);

/** Where tickets and revocations are kept, so that several samples share them; in memory by default. */
export const redisUrl = process.env['REDIS_URL'] || undefined;

/** How long a token lives. */
export const tokenTtlMs = integerFromEnvironment('SAMPLE_TOKEN_TTL_MS', 60_000, 86_400_000);
