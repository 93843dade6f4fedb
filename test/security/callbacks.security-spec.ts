import type { IncomingMessage } from 'node:http';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { WebSocketServer } from 'ws';
import {
  WsAuthEvents,
  WsAuthModule,
  WsAuthSessions,
  type WsAuthTelemetry,
} from '../../lib/index.js';
import { startApp, startProtected } from '../support/app.js';
import { fateOf } from '../support/connections.js';
import { JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { eventNames } from '../support/events.js';

const broken = (): never => {
  throw new Error('a bug of the application');
};

describe('listeners of events', () => {
  it.each([
    ['throw', broken],
    ['reject', () => Promise.reject(new Error('a bug of the application'))],
    // oxlint-disable-next-line unicorn/no-thenable -- the mistake of an application
    ['return what cannot be awaited', () => ({ then: broken })],
    [
      'throw what has no text',
      () => {
        throw Object.create(null);
      },
    ],
  ])('K12d: that %s change nothing for clients', async (_how, listener) => {
    await using app = await startProtected({ expiryWarningMs: 59_000 });
    const seen: string[] = [];
    for (const name of eventNames) {
      app.nest.get(WsAuthEvents).on(name, listener);
      app.nest.get(WsAuthEvents).on(name, () => seen.push(name));
    }
    const client = await app.connect('/', bearer()).opened();
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    expect(
      (await app.connect('/', { headers: { authorization: 'Bearer x' } }).refusal()).status,
    ).toBe(401);
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    expect(await client.closed()).toMatchObject({ code: 3000, reason: 'revoked' });
    const expected = ['authenticating', 'authenticated', 'reauthenticated', 'refused', 'revoked'];
    expect(seen).toEqual(expect.arrayContaining(expected));
  });
});

const workingTelemetry: WsAuthTelemetry = {
  start: () => undefined,
  stop: () => undefined,
  begin: () => ({ within: (run) => run(), end: () => undefined }),
  attempted: () => undefined,
  happened: () => undefined,
};

const brokenTelemetry: Readonly<Record<string, Partial<WsAuthTelemetry>>> = {
  stop: { stop: broken },
  begin: { begin: broken },
  within: { begin: () => ({ within: broken, end: () => undefined }) },
  'within, after the run': {
    begin: () => ({
      within: (run) => {
        run();
        return broken();
      },
      end: () => undefined,
    }),
  },
  'within, which returns something else': {
    begin: () => ({
      within: <Result>(run: () => Result) => void run() as Result,
      end: () => undefined,
    }),
  },
  end: { begin: () => ({ within: (run) => run(), end: broken }) },
  attempted: { attempted: broken },
  happened: { happened: broken },
};

describe('telemetry', () => {
  it.each(Object.entries(brokenTelemetry))(
    'K12d: that fails in %s refuses no good client, and accepts no other',
    async (_method, part) => {
      await using app = await startProtected({ telemetry: { ...workingTelemetry, ...part } });
      const client = await app.connect('/', bearer()).opened();
      expect(await client.ask('echo', 1)).toBe(1);
      client.emit('authenticate', { token: tokenOf('alice') });
      expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
      const late = await app.connect().opened();
      late.emit('authenticate', { token: 'bad' });
      expect((await late.closed()).code).toBe(3000);
      await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
      expect((await client.closed()).code).toBe(3000);
    },
  );
});

@WebSocketGateway()
class ReplyingGateway {
  @SubscribeMessage('bigint')
  bigint() {
    return of({ event: 'bigint', data: 1n });
  }

  @SubscribeMessage('circular')
  circular() {
    const circle: Record<string, unknown> = {};
    return { event: 'circular', data: Object.assign(circle, { circle }) };
  }

  @SubscribeMessage('echo')
  echo() {
    return { event: 'echo', data: 'here' };
  }
}

@WebSocketGateway()
class HeadersGateway extends ReplyingGateway {
  afterInit(server: WebSocketServer): void {
    server.on('headers', (_headers, { headers }) => headers['x-user'] === 'mallory' && broken());
  }
}

const metadata = (gateway: typeof ReplyingGateway, options = {}) => ({
  imports: [WsAuthModule.forRoot({ strategy: 'jwt', ...options })],
  providers: [JwtStrategy, gateway],
});

describe('a reply that cannot be written as JSON', () => {
  it.each(['bigint', 'circular'])(
    'K12d: (%s) harms neither the client nor others',
    async (event) => {
      await using app = await startApp(metadata(ReplyingGateway));
      const client = await app.connect('/', bearer()).opened();
      client.emit(event);
      expect(await client.ask('echo')).toBe('here');
    },
  );
});

describe('a listener of headers that throws', () => {
  const mallory = { 'x-user': 'mallory' };
  it.each([
    ['with a credential', { ...mallory, ...bearer().headers }, {}],
    ['without a credential', mallory, {}],
    [
      'that is refused by a close frame',
      { ...mallory, authorization: 'Bearer bad' },
      { rejection: 'close' },
    ],
  ])('K12d: destroys the upgrade %s, and no other', async (_what, headers, options) => {
    await using app = await startApp(metadata(HeadersGateway, options));
    const alice = await app.connect('/', bearer()).opened();
    expect((await app.connect('/', { headers }).closed()).code).toBe(1006);
    expect(await alice.ask('echo')).toBe('here');
    expect(app.nest.get(WsAuthSessions).count()).toBe(1);
  });
});

type Verify = (info: { readonly req: IncomingMessage }, answer: (isOk: boolean) => void) => unknown;

describe('a verifyClient that answers later', () => {
  const verifications: Readonly<Record<string, Verify>> = {
    'rejects for': async ({ req }, answer) => {
      await Promise.resolve();
      return req.headers['x-user'] === 'mallory' ? broken() : answer(true);
    },
    'lets a listener of headers throw for': (_info, answer) => setImmediate(() => answer(true)),
  };
  const fates: Readonly<Record<string, RegExp>> = {
    'rejects for': /^refused 500$/,
    'lets a listener of headers throw for': /^closed 1006/,
  };
  it.each(Object.entries(verifications))(
    'K12d: %s one client harms no other',
    async (how, verifyClient) => {
      @WebSocketGateway({ verifyClient })
      class VerifyingGateway extends ReplyingGateway {
        afterInit(server: WebSocketServer): void {
          server.on('headers', (_headers, { headers }) => {
            return how.startsWith('lets') && headers['x-user'] === 'mallory' && broken();
          });
        }
      }
      await using app = await startApp(metadata(VerifyingGateway));
      const alice = await app.connect('/', bearer()).opened();
      const headers = { 'x-user': 'mallory', ...bearer(tokenOf('mallory')).headers };
      expect(await fateOf(app.connect('/', { headers }))).toMatch(fates[how]!);
      expect(await alice.ask('echo')).toBe('here');
      expect(app.nest.get(WsAuthSessions).count()).toBe(1);
    },
  );
});
