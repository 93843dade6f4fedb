import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { expect, it, vi } from 'vitest';
import {
  fromAuthorizationHeader,
  fromQueryParam,
  WsAuthModule,
  WsTickets,
} from '../../lib/index.js';
import { freePort, startApp, startProtected } from '../support/app.js';
import {
  fieldOf,
  handshakeOf,
  securityCase,
  securityCases,
  until,
  WitnessGateway,
  type Lab,
} from '../support/invariants.js';
import { withWatchdog, type RawPeer } from '../support/raw-peer.js';
import { bearerOf, customStrategy, JwtStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { collectGarbage } from './memory.js';
import { verdict } from './verdict.js';
import { turns } from '../support/turns.js';
import { LiveSessions } from '../../lib/sessions/live-sessions.js';

const goingAway = { code: 1001, reason: 'server shutting down' };

/** Never settles for the token `never`, and accepts every other one. */
const hanging = customStrategy('hanging', (request) =>
  bearerOf(request) === 'never' ? new Promise(() => undefined) : { id: bearerOf(request) },
);

async function start(lab: Lab): Promise<void> {
  await lab.start({ auth: { strategy: 'hanging' }, providers: [hanging] });
}

const hung = { fields: { authorization: 'Bearer never' } };
const session = (name: string) => ({ fields: { authorization: `Bearer ${name}` } });

function many<Value>(count: number, make: (index: number) => Value): Value[] {
  return Array.from({ length: count }, (_none, index) => make(index));
}

securityCase('SD-01: answers 50 pending upgrades with 503 and lets them go', async (lab) => {
  await start(lab);
  const peers = many(50, () => lab.knock(hung));
  await until(() => lab.pending === 50, 'the strategy is not asked 50 times');
  const closed = lab.shutDown();
  for (const peer of peers) {
    const answer = await peer.response();
    expect(answer).toMatchObject({ status: 503, body: 'server shutting down\n' });
    expect(fieldOf(answer.fields, 'connection')).toBe('close');
    expect(fieldOf(answer.fields, 'retry-after')).toBe('1');
    await peer.disconnected();
  }
  await closed;
  expect(lab.pending).toBe(0);
});

securityCase('SD-02: closes sockets that wait for their first message with 1001', async (lab) => {
  await start(lab);
  const silent = await Promise.all(many(10, () => lab.pendingPeer()));
  const judged = await Promise.all(many(10, () => lab.pendingPeer()));
  judged.forEach((peer) => peer.emit('authenticate', { token: 'never' }));
  await Promise.all(silent.map((peer) => peer.flushed()));
  const closed = lab.shutDown();
  for (const peer of [...silent, ...judged]) {
    expect(await peer.closed()).toEqual(goingAway);
  }
  await closed;
});

securityCase('SD-02: ignores a verdict that comes after the end', async (lab) => {
  const { promise, decide } = verdict();
  await lab.start({
    auth: { strategy: 'late' },
    providers: [customStrategy('late', () => promise)],
  });
  const peer = await lab.pendingPeer();
  const upgrade = lab.knock({ fields: lab.bearer() });
  await until(() => lab.pending === 2, 'the strategy is not asked');
  const closed = lab.shutDown();
  expect(await peer.closed({ answer: false })).toEqual(goingAway);
  expect((await upgrade.response()).status).toBe(503);
  decide({ id: 'alice' });
  await turns(20);
  await lab.advance(1_000);
  await closed;
  expect(lab.count('authenticated')).toBe(0);
});

securityCase(
  'SD-03: closes sessions with 1001, and resolves once they have answered',
  async (lab) => {
    await start(lab);
    const peers = await Promise.all(
      many(50, (index) => lab.knock(session(`user-${index}`)).opened()),
    );
    await Promise.all(peers.map((peer) => peer.emit('whoami').nextEvent()));
    const closed = lab.shutDown();
    for (const peer of peers) {
      expect(await peer.closed()).toEqual(goingAway);
    }
    await closed;
    expect(lab.sessions.count()).toBe(0);
  },
);

securityCase(
  'SD-03: terminates at the deadline a client that ignores the close frame',
  async (lab) => {
    await start(lab);
    const deaf = await lab.knock(session('deaf')).opened();
    const silent = await lab.pendingPeer();
    await deaf.emit('whoami').nextEvent();
    const closed = lab.shutDown();
    expect(await deaf.closed({ answer: false })).toEqual(goingAway);
    expect(await silent.closed({ answer: false })).toEqual(goingAway);
    await lab.advance(1_000);
    await silent.disconnected();
    await lab.advance(3_999);
    await turns(20);
    expect(deaf.ended).toBe(false);
    await lab.advance(1);
    await deaf.disconnected();
    await withWatchdog(closed, 'close() does not resolve at the deadline');
  },
);

securityCases(
  [0, 100, 60_000],
  (shutdownTimeoutMs) => `SD-03: the deadline follows shutdownTimeoutMs: ${shutdownTimeoutMs}`,
  async (lab, shutdownTimeoutMs) => {
    await lab.start({
      auth: { strategy: 'hanging', shutdownTimeoutMs },
      providers: [hanging],
    });
    const deaf = await lab.knock(session('deaf')).opened();
    await deaf.emit('whoami').nextEvent();
    const closed = lab.shutDown();
    expect(await deaf.closed({ answer: false })).toEqual(goingAway);
    await lab.advance(Math.min(shutdownTimeoutMs, 5_000));
    await deaf.disconnected();
    await withWatchdog(closed, 'close() does not resolve at the deadline');
  },
);

securityCase(
  'SD-05: close() resolves although strategies, peers and half-closed sockets never do',
  async (lab) => {
    await start(lab);
    many(50, () => lab.knock(hung));
    const silent = await Promise.all(many(5, () => lab.pendingPeer()));
    silent.forEach((peer) => peer.emit('authenticate', { token: 'never' }));
    const deaf = await Promise.all(
      many(5, (index) => lab.knock(session(`deaf-${index}`)).opened()),
    );
    await Promise.all(deaf.map((peer) => peer.emit('whoami').nextEvent()));
    deaf[0]!.socket.pause();
    deaf[1]!.finish();
    await until(() => lab.pending === 55, 'the strategy is not asked 55 times');
    let resolved = false;
    const closed = lab.shutDown().then(() => (resolved = true));
    await turns(50);
    await lab.advance(5_000);
    await withWatchdog(closed, 'close() never resolves');
    expect(resolved).toBe(true);
    deaf[0]!.socket.resume();
  },
);

/** Ways to end a session before the application closes. Each leaves the peer more time to answer than closing does. */
const endings: Readonly<Record<string, (lab: Lab, peer: RawPeer) => unknown>> = {
  revoked: ({ sessions }) => sessions.revoke({ userId: 'deaf' }),
  disconnected: ({ sessions }) => sessions.disconnect({ userId: 'deaf' }),
  'ended for a bad renewal': (_lab, peer) => peer.emit('authenticate', { token: 'another' }),
  'failed by a listener': ({ app }) =>
    [...app.nest.get(LiveSessions).all()].forEach((live) => live.end({ why: 'failed' })),
};

securityCases(
  Object.keys(endings),
  (ending) => `K6e: terminates at the deadline a session that was ${ending} before`,
  async (lab, ending) => {
    await lab.start({
      auth: { strategy: 'hanging', shutdownTimeoutMs: 100 },
      providers: [hanging],
    });
    const deaf = await lab.knock(session('deaf')).opened();
    await deaf.emit('whoami').nextEvent();
    await endings[ending]!(lab, deaf);
    await deaf.closed({ answer: false });
    const closed = lab.shutDown();
    await turns(20);
    await lab.advance(100);
    await deaf.disconnected();
    await withWatchdog(closed, 'close() does not resolve at the deadline');
  },
);

securityCase('SD-05: close() called twice, and by a handler at work, resolves', async (lab) => {
  await start(lab);
  const peer = await lab.knock(session('alice')).opened();
  await peer.emit('whoami').nextEvent();
  const both = Promise.all([lab.shutDown(), lab.app.nest.close()]);
  expect(await peer.closed()).toEqual(goingAway);
  await withWatchdog(both, 'close() never resolves');
});

securityCase(
  'SD-05: an upgrade that comes while the application closes gets no session',
  async (lab) => {
    await start(lab);
    const deaf = await lab.knock(session('deaf')).opened();
    await deaf.emit('whoami').nextEvent();
    const early = lab.peer();
    await early.flushed();
    const closed = lab.shutDown();
    await deaf.closed({ answer: false });
    early.write(handshakeOf(session('late'), lab.port));
    await turns(50);
    await lab.advance(5_000);
    await withWatchdog(closed, 'close() never resolves');
    expect(early.received.toString()).not.toContain(' 101 ');
    lab.expectNoAnswer(early);
  },
);

securityCase('SD-07: leaves no handle, timer or listener behind, on any port', async (lab) => {
  const port = await freePort();
  @WebSocketGateway(port, { path: '/own' })
  class OwnPortGateway extends WitnessGateway {}
  await lab.start({ gateways: [OwnPortGateway] });
  const peer = await lab.knock({ target: '/own', fields: lab.bearer() }, port).opened();
  const silent = await lab.knock({ target: '/own' }, port).opened();
  const idle = lab.expectNoAnswer(lab.peer({}, port));
  await idle.flushed();
  await peer.emit('whoami').nextEvent();
  const closed = lab.shutDown();
  expect(await peer.closed()).toEqual(goingAway);
  expect(await silent.closed()).toEqual(goingAway);
  await closed;
  await idle.disconnected();
});

securityCase(
  'SD-08: a ticket is spent when it is taken: a client that is terminated then cannot reuse it',
  async (lab) => {
    await lab.start({
      auth: { strategy: 'ws-ticket', credentials: [fromQueryParam('ticket')], tickets: {} },
    });
    const { ticket } = await lab.app.nest.get(WsTickets, { strict: false }).issue({ id: 'alice' });
    lab.secret(ticket);
    const target = `/?ticket=${ticket}`;
    const cut = lab.knock({ target });
    await until(() => lab.count('authenticating') === 1, 'the ticket never arrives');
    cut.reset();
    expect(await lab.status({ target })).toBe(401);
    const { ticket: second } = await lab.app.nest
      .get(WsTickets, { strict: false })
      .issue({ id: 'a' });
    lab.secret(second);
    const both = many(2, () => lab.status({ target: `/?ticket=${second}` }));
    expect((await Promise.all(both)).toSorted((a, b) => a - b)).toEqual([101, 401]);
  },
);

@WebSocketGateway()
class TwinGateway {
  @SubscribeMessage('ping')
  ping() {
    return { event: 'pong' };
  }
}

const as = (user: string) => bearer(user);

function strategyFor(user: string) {
  return customStrategy('twin', (request) => bearerOf(request) === user && { id: user });
}

/** Makes an application, lets a good client and a silent one in, and closes it. */
async function round(): Promise<void> {
  await using app = await startProtected();
  const client = await app.connect('/', as(tokenOf('alice'))).opened();
  await client.ask('whoami');
  await app.connect('/').opened();
}

/** What a process holds on to. */
async function measure() {
  await turns(50);
  collectGarbage();
  return {
    timers: vi.getTimerCount(),
    handles: process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length,
    listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
    heap: process.memoryUsage().heapUsed,
  };
}

/** One of two applications whose strategies have the same name. */
function startTwin(user: string) {
  return startApp({
    imports: [WsAuthModule.forRoot({ strategy: 'twin', credentials: [fromAuthorizationHeader()] })],
    providers: [JwtStrategy, strategyFor(user), TwinGateway],
  });
}

securityCase(
  'SD-10: 100 applications that are made and closed in one process leave nothing behind',
  async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    await round();
    await round();
    const before = await measure();
    for (let index = 0; index < 100; index += 1) {
      await round();
    }
    const after = await measure();
    process.off('warning', onWarning);
    expect(warnings.filter(({ name }) => name !== 'DeprecationWarning')).toEqual([]);
    expect(after.timers).toBe(before.timers);
    expect(after.handles).toBeLessThanOrEqual(before.handles);
    expect(after.listeners).toEqual(before.listeners);
    expect(after.heap - before.heap).toBeLessThan(100 * 65_536);
  },
  60_000,
);

it('SD-10: two applications keep their own strategies, although Passport knows one of each name', async () => {
  await using first = await startTwin('first');
  await using second = await startTwin('second');
  await first.connect('/', as('first')).opened();
  await second.connect('/', as('second')).opened();
  expect((await first.connect('/', as('second')).refusal()).status).toBe(401);
  expect((await second.connect('/', as('first')).refusal()).status).toBe(401);
});
