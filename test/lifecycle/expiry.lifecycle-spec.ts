import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  MemoryWsAuthStore,
  WsAuthEvents,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { patient } from '../support/patience.js';
import { customStrategy } from '../support/strategies.js';
import {
  blockEventLoop,
  hourMs,
  minuteMs,
  restoreClocks,
  secondMs,
  useFakeClock,
  useFakeTimers,
} from '../support/clocks.js';
import {
  enter,
  enterByMessage,
  fateOf,
  serverSide,
  sessionOfUser,
  sessionsOf,
  startWithVerdicts,
  tokenFor,
  type Verdicts,
} from '../support/connections.js';
import { basicHeader, bearer } from '../support/tokens.js';
import type { ConnectOptions } from '../support/client.js';
import { sendTogether } from '../support/send-together.js';

restoreClocks();

type Presented = ConnectOptions & { readonly query?: Record<string, string> };

const basicAlone = fromAuthorizationHeader({ schemes: ['Basic'] });
const byBasic = { headers: { authorization: basicHeader('alice', 'secret') } };

const now = Date.UTC(2030, 0, 1);
const inAMinute = now / secondMs + 60;

function failing(): never {
  throw new Error('no');
}

describe('the end of a session', () => {
  it('is the exp of the JWT, although validate() drops it', async () => {
    useFakeClock(now);
    await using app = await startProtected();
    await enter(app, tokenFor('alice', minuteMs));
    await enterByMessage(app, tokenFor('bob', 2 * minuteMs));
    expect(sessionOfUser(app, 'alice').expiresAt).toBe(now + minuteMs);
    expect(sessionOfUser(app, 'bob').expiresAt).toBe(now + 2 * minuteMs);
  });

  it('is capped by maxSessionAgeMs in an anonymous session, too', async () => {
    useFakeTimers();
    await using app = await startProtected({
      credentials: [fromAuthorizationHeader()],
      optional: true,
      maxSessionAgeMs: minuteMs,
      heartbeatIntervalMs: 0,
    });
    const client = await app.connect().opened();
    expect([...sessionsOf(app)]).toMatchObject([{ expiresAt: Date.now() + minuteMs }]);
    vi.advanceTimersByTime(minuteMs);
    expect(await client.closed()).toMatchObject({ code: 3000 });
  });
});

describe('an exp that is not an instant in the future', () => {
  // Each kind is a row of `test/unit/authentication/principal.spec.ts`.
  const bad: [string, unknown][] = [
    ['a string', String(inAMinute)],
    ['a number that overflows in milliseconds', 1e308],
    ['now', now / secondMs],
  ];

  it.each(bad)('refuses %s on the user with 401', async (_name, exp) => {
    useFakeClock(now);
    await using app = await startWithVerdicts({ t: { id: 'alice', exp } });
    expect(await fateOf(app.connect('/', bearer('t')))).toBe('refused 401');
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  it.each(bad)('closes with 3000 for %s on the info', async (_name, exp) => {
    useFakeClock(now);
    await using app = await startWithVerdicts({ t: [{ id: 'alice' }, { exp }] });
    const client = await app.connect().opened();
    client.emit('authenticate', { token: 't' });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });

  it('refuses a token that holds more than a number can, even if its strategy does not look', async () => {
    useFakeClock(now);
    const blind = customStrategy('blind', () => ({ id: 'alice' }));
    await using app = await startProtected({ strategy: 'blind' }, [blind]);
    const payload = Buffer.from('{"sub":"alice","exp":1e999}').toString('base64url');
    expect(await fateOf(app.connect('/', bearer(`e30.${payload}.AA`)))).toBe('refused 401');
  });
});

it('an expiresAt of the application that throws refuses with 500', async () => {
  await using app = await startWithVerdicts({ t: { id: 'alice' } }, { expiresAt: failing });
  expect(await fateOf(app.connect('/', bearer('t')))).toBe('refused 500');
});

/** Takes longer than the credential lives. */
function userId(user: { readonly id: string }): string {
  vi.setSystemTime(now + 2 * secondMs);
  return user.id;
}

describe('a credential that ends between its verification and the 101', () => {
  const verdicts: Verdicts = { t: { id: 'alice', exp: now / secondMs + 1 } };

  it('is not met by the gateway on the upgrade', async () => {
    useFakeClock(now);
    await using app = await startWithVerdicts(verdicts, { userId });
    const client = app.connect('/', bearer('t'));
    client.socket.once('open', () => client.emit('echo', 1));
    expect(await fateOf(client)).toMatch(/^(refused 401|closed 3000 token expired)$/);
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
    expect(sessionsOf(app).count()).toBe(0);
  });

  it('is not met by the gateway after the first message', async () => {
    useFakeClock(now);
    await using app = await startWithVerdicts(verdicts, { userId });
    const client = await app.connect().opened();
    client.emit('authenticate', { token: 't' }).emit('echo', 1);
    expect(await client.closed()).toMatchObject({ code: 3000 });
    expect(client.unread).toEqual([]);
    expect(app.nest.get(EchoGateway).connected).toEqual([]);
  });
});

describe('by timer', () => {
  it('warns, and then closes with 3000 "token expired"', async () => {
    useFakeTimers();
    await using app = await startProtected({ heartbeatIntervalMs: 0 });
    const expiresAt = Date.now() + minuteMs;
    const client = await enter(app, tokenFor('alice', minuteMs));
    vi.advanceTimersByTime(30 * secondMs - 1);
    await client.barrier();
    expect(client.unread).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await client.nextEvent()).toEqual({ event: 'expiring', data: { expiresAt } });
    vi.advanceTimersByTime(30 * secondMs - 1);
    expect(await client.ask('echo', 1)).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.unread).toEqual([]);
    expect(sessionsOf(app).count()).toBe(0);
  });

  it('warns expiryWarningMs before, once', async () => {
    useFakeTimers();
    await using app = await startProtected({ heartbeatIntervalMs: 0, expiryWarningMs: 5_000 });
    const client = await enter(app, tokenFor('alice', minuteMs));
    vi.advanceTimersByTime(54_999);
    await client.barrier();
    expect(client.unread).toEqual([]);
    for (let step = 0; step < 50; step += 1) {
      vi.advanceTimersByTime(100);
    }
    await client.barrier();
    expect(client.unread).toHaveLength(1);
  });

  it('does not warn with expiryWarningMs 0', async () => {
    useFakeTimers();
    await using app = await startProtected({ heartbeatIntervalMs: 0, expiryWarningMs: 0 });
    const client = await enter(app, tokenFor('alice', minuteMs));
    vi.advanceTimersByTime(minuteMs);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.unread).toEqual([]);
  });

  it.each<[string, WsCredentialExtractor[], Presented, boolean]>([
    ['Basic, where nothing else is read', [basicAlone], byBasic, false],
    ['Basic, where the header may hold a token', [fromAuthorizationHeader()], byBasic, true],
    ['Basic, where messages are read', [basicAlone, fromFirstMessage()], byBasic, true],
    ['Basic, where the query is read', [basicAlone, fromQueryParam('t')], byBasic, false],
    ['a query', [basicAlone, fromQueryParam('t')], { query: { t: 'x' } }, true],
    ['a request', [fromRequest()], byBasic, true],
  ])(
    'K9b: is sent if a message can renew the session, after %s',
    async (_way, credentials, how, isWarned) => {
      useFakeTimers(now);
      const strategy = customStrategy('ending', () => ({ id: 'alice', exp: inAMinute }));
      await using app = await startProtected(
        { heartbeatIntervalMs: 0, strategy: 'ending', credentials },
        [strategy],
      );
      const { query = {}, ...rest } = how;
      const published = vi.fn();
      app.nest.get(WsAuthEvents).on('expiring', published);
      const client = await app.connect(`/?${new URLSearchParams(query).toString()}`, rest).opened();
      vi.advanceTimersByTime(minuteMs - 1);
      await client.barrier();
      expect(published).toHaveBeenCalledOnce();
      const sent = client.unread.map((text) => (JSON.parse(text) as { event: string }).event);
      expect(sent).toEqual(isWarned ? ['expiring'] : []);
    },
  );

  it('uses the code and the event name of the options', async () => {
    useFakeTimers();
    await using app = await startProtected({
      heartbeatIntervalMs: 0,
      closeCodes: { unauthorized: 4401 },
      events: { expiring: 'renew-please' },
    });
    const client = await enter(app, tokenFor('alice', minuteMs));
    vi.advanceTimersByTime(30 * secondMs);
    expect(await client.nextEvent()).toMatchObject({ event: 'renew-please' });
    vi.advanceTimersByTime(30 * secondMs);
    expect(await client.closed()).toEqual({ code: 4401, reason: 'token expired' });
  });
});

@WebSocketGateway()
class BlockingGateway {
  handleConnection(client: WebSocket): void {
    client.on('message', (data: Buffer) => {
      if (data.toString() === 'block') {
        blockEventLoop(patient(300));
        client.send('sent after the end');
      }
    });
  }

  @SubscribeMessage('nothing')
  nothing(): void {}
}

describe('when the event loop was blocked', () => {
  it('nothing that was sent after the end is dispatched, and nothing is answered', async () => {
    await using app = await startProtected({ expiryWarningMs: 0 }, [BlockingGateway]);
    const client = await enter(app, tokenFor('alice', patient(250)));
    expect(await client.ask('echo', 'before')).toBe('before');
    const echo = vi.spyOn(app.nest.get(EchoGateway), 'echo');
    sendTogether(client, 'block', { event: 'echo', data: 'after' });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(echo).not.toHaveBeenCalled();
    expect(client.unread).toEqual([]);
  });
});

/** Time passes on the monotonic clock while no timer runs, as where a process is stopped. */
@WebSocketGateway()
class StandingGateway {
  handleConnection(client: WebSocket): void {
    client.on('message', (data: Buffer) => {
      if (data.toString() === 'stand') {
        vi.advanceTimersByTime(minuteMs + 1);
      }
    });
  }
}

it('a node that stood still dispatches nothing more, since others may have revoked the session', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const shared = { store: new MemoryWsAuthStore(), maxStalenessMs: minuteMs };
  await using app = await startProtected(shared, [StandingGateway]);
  const client = await enter(app, tokenFor('alice', hourMs));
  expect(await client.ask('echo', 'before')).toBe('before');
  const echo = vi.spyOn(app.nest.get(EchoGateway), 'echo');
  sendTogether(client, 'stand', { event: 'echo', data: 'after' });
  expect(await client.closed()).toEqual({ code: 1013, reason: 'authentication unavailable' });
  expect(echo).not.toHaveBeenCalled();
});

describe('when the wall clock is set', () => {
  it('back by an hour while the event loop is blocked, nothing is dispatched', async () => {
    useFakeClock(now);
    await using app = await startProtected({}, [BlockingGateway]);
    const client = await app.connectAs({ id: 'alice', exp: now / secondMs + 0.2 });
    vi.setSystemTime(now - hourMs);
    sendTogether(client, 'block', { event: 'echo', data: 'after' });
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.unread).toEqual([]);
  });

  it('forward past the end, the next message ends the session', async () => {
    useFakeClock(now);
    await using app = await startProtected();
    const client = await app.connectAs({ id: 'alice', exp: inAMinute });
    vi.setSystemTime(now + hourMs);
    client.emit('echo', 1);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.unread).toEqual([]);
  });

  it('forward past the end, nothing is sent to the client', async () => {
    useFakeClock(now);
    await using app = await startProtected();
    const client = await app.connectAs({ id: 'alice', exp: inAMinute });
    vi.setSystemTime(now + minuteMs);
    serverSide(app)[0]!.send('secret');
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.unread).toEqual([]);
  });
});

describe('a dead session', () => {
  it('sends nothing but the close frame, whatever code holds the client', async () => {
    await using app = await startProtected();
    const client = await app.connectAs('alice');
    const [held] = serverSide(app);
    sessionsOf(app).disconnect({ userId: 'alice' });
    const errors = await Promise.all(
      ['text', Buffer.from('binary')].map(
        (data) => new Promise((resolve) => held!.send(data, resolve)),
      ),
    );
    held!.send('text', { compress: false });
    held!.ping('hidden');
    held!.pong('hidden');
    const heard: Buffer[] = [];
    client.socket.on('ping', (data: Buffer) => heard.push(data));
    client.socket.on('pong', (data: Buffer) => heard.push(data));
    expect(errors).toEqual([expect.any(Error), expect.any(Error)]);
    expect(await client.closed()).toEqual({ code: 1008, reason: 'disconnected' });
    expect(client.unread).toEqual([]);
    expect(heard).toEqual([]);
  });

  it('keeps the answer of a handler that outlives it', async () => {
    useFakeTimers();
    let answer!: (data: string) => void;
    const answered = new Promise<string>((resolve) => (answer = resolve));
    let enteredHandler!: () => void;
    const handling = new Promise<void>((resolve) => (enteredHandler = resolve));
    @WebSocketGateway()
    class SlowGateway {
      @SubscribeMessage('slow')
      async slow() {
        enteredHandler();
        return { event: 'slow', data: await answered };
      }
    }
    await using app = await startProtected({ heartbeatIntervalMs: 0, expiryWarningMs: 0 }, [
      SlowGateway,
    ]);
    const client = await enter(app, tokenFor('alice', minuteMs));
    client.emit('slow');
    await handling;
    vi.setSystemTime(Date.now() + minuteMs);
    answer('secret');
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    expect(client.unread).toEqual([]);
  });
});

describe('with the raw first message', () => {
  it('the session ends with its token', async () => {
    useFakeTimers();
    const credentials = [fromFirstMessage({ format: 'raw' })];
    await using app = await startProtected({ credentials, heartbeatIntervalMs: 0 });
    const client = await app.connect().opened();
    client.sendRaw(tokenFor('alice', minuteMs));
    expect(await client.ask('echo', 1)).toBe(1);
    vi.advanceTimersByTime(minuteMs);
    expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
  });
});
