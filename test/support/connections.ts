import type { Provider } from '@nestjs/common';
import type { WebSocket } from 'ws';
import { WsAuthSessions, type WsAuthModuleOptions } from '../../lib/index.js';
import { startProtected, type TestApp } from './app.js';
import type { TestClient } from './client.js';
import { EchoGateway } from './gateways.js';
import { bearerOf, customStrategy } from './strategies.js';
import { bearer, tokenOf } from './tokens.js';

/** What a strategy of the tests returns for each token: a user, `[user, info]`, or something that is not a user. */
export type Verdicts = Record<string, unknown>;

/** A strategy that looks its verdict up; changing the record changes the verdict. */
function verdictStrategy(verdicts: Verdicts) {
  return customStrategy('verdicts', (request) => verdicts[bearerOf(request) ?? ''] ?? false);
}

/** An application whose strategy looks its verdicts up. */
export function startWithVerdicts(
  verdicts: Verdicts,
  options: WsAuthModuleOptions = {},
  providers: Provider[] = [],
): Promise<TestApp> {
  return startProtected({ strategy: 'verdicts', ...options }, [
    verdictStrategy(verdicts),
    ...providers,
  ]);
}

/** A JWT that ends that many milliseconds from now. */
export function tokenFor(sub: string, lifetimeMs: number, claims: object = {}): string {
  return tokenOf(sub, { exp: (Date.now() + lifetimeMs) / 1_000, ...claims });
}

/** A connection that is authenticated on the upgrade. */
export function enter(app: TestApp, token: string, path = '/'): Promise<TestClient> {
  return app.connect(path, bearer(token)).opened();
}

/** A connection that is authenticated by its first message, past the acknowledgement. */
export async function enterByMessage(app: TestApp, token: string): Promise<TestClient> {
  const client = await app.connect().opened();
  client.emit('authenticate', { token });
  await client.next();
  return client;
}

/** How an attempt to connect ends: as two words, such as `refused 401` or `closed 3000 revoked`. */
export async function fateOf(client: TestClient): Promise<string> {
  return Promise.race([
    client.refusal().then(({ status }) => `refused ${status}`),
    client.closed().then(({ code, reason }) => `closed ${code} ${reason}`),
  ]);
}

export function sessionsOf(app: TestApp): WsAuthSessions {
  return app.nest.get(WsAuthSessions);
}

/** The one session of a user. */
export function sessionOfUser(app: TestApp, userId: string) {
  const [session, ...others] = sessionsOf(app).ofUser(userId);
  if (!session || others.length > 0) {
    throw new Error(
      `expected one session of ${userId}, found ${others.length + (session ? 1 : 0)}`,
    );
  }
  return session;
}

/** The server's side of the connections, in the order of `handleConnection`. */
export function serverSide(app: TestApp): WebSocket[] {
  return app.nest.get(EchoGateway).connected.map(({ client }) => client);
}
