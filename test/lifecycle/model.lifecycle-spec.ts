import type { IncomingMessage, Server } from 'node:http';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { fc } from '../support/property.js';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import {
  sessionOf,
  WsAuthEvents,
  WsAuthModule,
  WsAuthSessions,
  type WsAuthSession,
} from '../../lib/index.js';
import { startApp, type TestApp } from '../support/app.js';
import { bearerOf, customStrategy } from '../support/strategies.js';
import { restoreClocks, secondMs, useAllFakeClocks } from '../support/clocks.js';
import { LifecycleModel, type ModelConnection, type Verdict } from './lifecycle-model.js';
import { WireClient } from './wire-client.js';
import { turns } from '../support/turns.js';

restoreClocks();

const start = Date.UTC(2030, 0, 1);

/** Records what it receives. Messages are `[index of the connection, number]`. */
@WebSocketGateway()
class RecordingGateway {
  readonly handled: { readonly connection: number; readonly message: number }[] = [];
  readonly trespasses: string[] = [];
  readonly clients = new Map<number, WebSocket>();
  readonly connected: (string | undefined)[] = [];

  handleConnection(client: WebSocket, { headers }: IncomingMessage): void {
    this.clients.set(Number(headers['x-connection']), client);
    this.connected.push(sessionOf(client)?.id);
  }

  @SubscribeMessage('message')
  handle(
    @ConnectedSocket() client: WebSocket,
    @MessageBody() [connection, message]: [number, number],
  ): void {
    this.handled.push({ connection, message });
    if (!sessionOf(client)) {
      this.trespasses.push(`${connection}/${message}`);
    }
  }
}

/** The system under test: an application, its clients, and the credentials that wait for a verdict. */
class Lifecycle {
  readonly clients: WireClient[] = [];
  readonly ends = new Map<string, number>();
  readonly begins = new Map<string, number>();
  readonly #verdicts = new Map<string, (user: object | false) => void>();
  #app!: TestApp;
  #tokens = 0;
  #stopping: Promise<void> | undefined;

  static async start(): Promise<Lifecycle> {
    const made = new Lifecycle();
    const deferred = customStrategy('deferred', (request) => {
      return new Promise((resolve) => made.#verdicts.set(bearerOf(request) ?? '', resolve));
    });
    made.#app = await startApp({
      imports: [
        WsAuthModule.forRoot({
          strategy: 'deferred',
          heartbeatIntervalMs: 0,
          expiryWarningMs: secondMs,
        }),
      ],
      providers: [deferred, RecordingGateway],
    });
    const events = made.#app.nest.get(WsAuthEvents);
    tally(events, 'authenticated', made.begins);
    tally(events, 'disconnected', made.ends);
    return made;
  }

  get sessions(): WsAuthSessions {
    return this.#app.nest.get(WsAuthSessions);
  }

  get gateway(): RecordingGateway {
    return this.#app.nest.get(RecordingGateway);
  }

  token(): string {
    this.#tokens += 1;
    return `token-${this.#tokens}`;
  }

  connect(headers: Record<string, string>): void {
    const server = this.#app.nest.getHttpServer() as Server;
    const index = String(this.clients.length);
    this.clients.push(new WireClient(server, { ...headers, 'X-Connection': index }));
  }

  judge(token: string, user: object | false): void {
    this.#verdicts.get(token)!(user);
  }

  /** Stops the application, as far as timers and peers let it. */
  async stop(): Promise<void> {
    const stopped = vi.fn();
    this.#stopping ??= this.#app[Symbol.asyncDispose]();
    void this.#stopping.then(stopped);
    for (let round = 0; stopped.mock.calls.length === 0 && round < 20; round += 1) {
      await turns(12);
      vi.advanceTimersByTime(secondMs);
    }
    expect(stopped, 'the application has stopped').toHaveBeenCalled();
  }
}

function tally(
  events: WsAuthEvents,
  name: 'authenticated' | 'disconnected',
  counts: Map<string, number>,
): void {
  events.on(name, ({ sessionId }) => {
    counts.set(sessionId, (counts.get(sessionId) ?? 0) + 1);
  });
}

type Command = fc.AsyncCommand<LifecycleModel, Lifecycle>;

/** A step: what is done, and what is expected of it. All that must always hold is checked after it. */
abstract class Step implements Command {
  abstract check(model: Readonly<LifecycleModel>): boolean;
  abstract act(model: LifecycleModel, real: Lifecycle): void | Promise<void>;
  abstract toString(): string;

  async run(model: LifecycleModel, real: Lifecycle): Promise<void> {
    await this.act(model, real);
    await turns(12);
    findOut(model, real);
    checkInvariants(model, real);
  }
}

/** A step on one of the connections there are. */
abstract class ConnectionStep extends Step {
  constructor(readonly pick: number) {
    super();
  }

  /** Which states it makes sense in. */
  abstract applies(connection: ModelConnection, model: Readonly<LifecycleModel>): boolean;
  abstract on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void;

  check(model: Readonly<LifecycleModel>): boolean {
    return this.#candidates(model).length > 0;
  }

  act(model: LifecycleModel, real: Lifecycle): void {
    const candidates = this.#candidates(model);
    this.on(candidates[this.pick % candidates.length]!, model, real);
  }

  toString(): string {
    return `${this.constructor.name}(${this.pick})`;
  }

  #candidates(model: Readonly<LifecycleModel>): ModelConnection[] {
    return model.connections.filter((connection) => this.applies(connection, model));
  }
}

class Open extends Step {
  constructor(readonly byMessage: boolean) {
    super();
  }

  check({ isShutDown, connections }: Readonly<LifecycleModel>): boolean {
    return !isShutDown && connections.length < 6;
  }

  act(model: LifecycleModel, real: Lifecycle): void {
    const token = this.byMessage ? undefined : real.token();
    model.open(token);
    real.connect(token === undefined ? {} : { Authorization: `Bearer ${token}` });
  }

  toString(): string {
    return `Open(${this.byMessage ? 'by message' : 'by upgrade'})`;
  }
}

/** What a client can do that has a socket and has not closed it. */
function canSend({ state, hasClosed }: ModelConnection): boolean {
  return !hasClosed && state !== 'upgrading' && state !== 'dead';
}

class Authenticate extends ConnectionStep {
  applies(connection: ModelConnection): boolean {
    return canSend(connection) && !(connection.state === 'waiting' && connection.attempt);
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    const token = real.token();
    model.authenticate(connection, token);
    real.clients[connection.index]!.send({ event: 'authenticate', data: { token } });
  }
}

class Send extends ConnectionStep {
  constructor(
    pick: number,
    readonly amount: number,
  ) {
    super(pick);
  }

  applies(connection: ModelConnection): boolean {
    return canSend(connection);
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    const messages = Array.from({ length: this.amount }, () => (model.nextMessage += 1));
    model.send(connection, messages);
    real.clients[connection.index]!.send(
      ...messages.map((message) => ({ event: 'message', data: [connection.index, message] })),
    );
  }

  override toString(): string {
    return `Send(${this.pick}, ${this.amount})`;
  }
}

class Judge extends ConnectionStep {
  constructor(
    pick: number,
    readonly verdict: Verdict,
  ) {
    super(pick);
  }

  applies({ attempt, state }: ModelConnection): boolean {
    return attempt !== undefined && state !== 'dead';
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    const { token, issuedAt } = connection.attempt!;
    const verdict = userOf(this.verdict, issuedAt, model);
    model.judge(connection, this.verdict);
    real.judge(token, verdict);
  }

  override toString(): string {
    return `Judge(${this.pick}, ${JSON.stringify(this.verdict)})`;
  }
}

class Refresh extends ConnectionStep {
  constructor(
    pick: number,
    readonly lifetime: number,
  ) {
    super(pick);
  }

  applies(connection: ModelConnection, model: Readonly<LifecycleModel>): boolean {
    return model.isLive(connection);
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    const user = connection.user!;
    const session = realSession(connection, real);
    const value = userOf({ user, lifetime: this.lifetime }, model.wall, model) as object;
    if (model.wall < connection.issuedAt) {
      return;
    }
    try {
      real.sessions.refresh(session.id, value);
      model.stand(connection, user, model.wall, this.lifetime);
    } catch (error) {
      // A user who was revoked in this very instant is not renewed.
      expect(error).toMatchObject({ code: expect.stringMatching(/REVOKED|OTHER_USER/) });
    }
  }

  override toString(): string {
    return `Refresh(${this.pick}, ${this.lifetime})`;
  }
}

class Push extends ConnectionStep {
  applies(connection: ModelConnection): boolean {
    return connection.user !== undefined;
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    model.touch(connection);
    const client = real.clients[connection.index]!;
    const before = client.frames.length;
    real.gateway.clients.get(connection.index)!.send('pushed');
    const isLive = model.isLive(connection);
    setImmediate(() => {
      const pushed = client.frames.slice(before).some(({ payload }) => payload.equals(text));
      expect(pushed).toBe(isLive);
    });
  }
}

const text = Buffer.from('pushed');

class Close extends ConnectionStep {
  applies(connection: ModelConnection): boolean {
    return canSend(connection);
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    connection.hasClosed = true;
    // While the first message is verified the socket is not read.
    if (connection.state === 'live' || !connection.attempt) {
      model.kill(connection);
    }
    real.clients[connection.index]!.close();
  }
}

class Reset extends ConnectionStep {
  applies({ state }: ModelConnection): boolean {
    return state !== 'dead';
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    model.leave(connection);
    real.clients[connection.index]!.reset();
  }
}

/** Authenticates, sends and leaves without waiting, in one segment. */
class Rush extends ConnectionStep {
  constructor(
    pick: number,
    readonly amount: number,
  ) {
    super(pick);
  }

  applies({ state, attempt, hasClosed }: ModelConnection): boolean {
    return state === 'waiting' && !attempt && !hasClosed;
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    const token = real.token();
    const messages = Array.from({ length: this.amount }, () => (model.nextMessage += 1));
    model.authenticate(connection, token);
    model.send(connection, messages);
    model.leave(connection);
    real.clients[connection.index]!.sendAndClose(
      { event: 'authenticate', data: { token } },
      ...messages.map((message) => ({ event: 'message', data: [connection.index, message] })),
    );
  }

  override toString(): string {
    return `Rush(${this.pick}, ${this.amount})`;
  }
}

class RevokeUser extends Step {
  constructor(readonly user: string) {
    super();
  }

  check(): boolean {
    return true;
  }

  async act(model: LifecycleModel, real: Lifecycle): Promise<void> {
    model.revokeUser(this.user);
    await real.sessions.revoke({ userId: this.user });
  }

  toString(): string {
    return `RevokeUser(${this.user})`;
  }
}

class RevokeEverybody extends Step {
  check(): boolean {
    return true;
  }

  async act(model: LifecycleModel, real: Lifecycle): Promise<void> {
    const issuedBefore = Date.now();
    model.revokeEverybody();
    await real.sessions.revoke({ issuedBefore });
  }

  toString(): string {
    return 'RevokeEverybody()';
  }
}

class Disconnect extends ConnectionStep {
  applies(connection: ModelConnection, model: Readonly<LifecycleModel>): boolean {
    return model.isLive(connection);
  }

  on(connection: ModelConnection, model: LifecycleModel, real: Lifecycle): void {
    const session = realSession(connection, real);
    model.kill(connection);
    expect(real.sessions.disconnect({ sessionId: session.id })).toBe(1);
  }
}

class Advance extends Step {
  constructor(readonly seconds: number) {
    super();
  }

  check(): boolean {
    return true;
  }

  act(model: LifecycleModel): void {
    model.advance(this.seconds);
    vi.advanceTimersByTime(this.seconds * secondMs);
  }

  toString(): string {
    return `Advance(${this.seconds})`;
  }
}

/** The wall clock is set, or the event loop was blocked: timers have not noticed. */
class SetClock extends Step {
  constructor(readonly seconds: number) {
    super();
  }

  check(): boolean {
    return true;
  }

  act(model: LifecycleModel): void {
    model.wall += this.seconds;
    vi.setSystemTime(Date.now() + this.seconds * secondMs);
  }

  toString(): string {
    return `SetClock(${this.seconds})`;
  }
}

class ShutDown extends Step {
  check({ isShutDown }: Readonly<LifecycleModel>): boolean {
    return !isShutDown;
  }

  async act(model: LifecycleModel, real: Lifecycle): Promise<void> {
    model.shutDown();
    await real.stop();
  }

  toString(): string {
    return 'ShutDown()';
  }
}

/** The user of a verdict, with a credential of that age. */
function userOf({ user, lifetime }: Verdict, issuedAt: number, { wall }: LifecycleModel) {
  return (
    user !== undefined && {
      id: user,
      iat: start / secondMs + issuedAt,
      ...(lifetime !== undefined && { exp: start / secondMs + wall + lifetime }),
    }
  );
}

function realSession({ index }: ModelConnection, real: Lifecycle): WsAuthSession {
  return sessionOf(real.gateway.clients.get(index)!)!;
}

/** Whether a timer, or only the next message, finds out that the clock was set past the end of a session, is left open. */
function findOut(model: LifecycleModel, real: Lifecycle): void {
  for (const connection of model.connections) {
    if (model.isOverdue(connection) && real.clients[connection.index]!.isOver) {
      model.kill(connection);
    }
  }
}

function checkInvariants(model: LifecycleModel, real: Lifecycle): void {
  expect(real.gateway.trespasses).toEqual([]);
  for (const connection of model.connections) {
    checkConnection(connection, model, real);
  }
  checkRegistry(model, real);
  for (const counts of [real.begins, real.ends]) {
    expect([...counts.values()].filter((times) => times !== 1)).toEqual([]);
  }
  expect([...real.ends.keys()].filter((id) => !real.begins.has(id))).toEqual([]);
  expect(new Set(real.gateway.connected)).toEqual(new Set(real.begins.keys()));
}

function checkConnection(
  connection: ModelConnection,
  model: LifecycleModel,
  real: Lifecycle,
): void {
  const { index, dispatched, state } = connection;
  const client = real.clients[index]!;
  const handled = real.gateway.handled.filter((each) => each.connection === index);
  expect(handled.map(({ message }) => message)).toEqual(dispatched);
  if (client.closeFrames.length > 0) {
    expect(client.closeFrames.slice(1).map(({ payload }) => payload.toString())).toEqual([]);
    expect(client.frames.at(-1)).toBe(client.closeFrames[0]);
  }
  if (state === 'dead' || state === 'leaving') {
    expect(client.isOver).toBe(true);
  } else if (!model.isOverdue(connection)) {
    expect(client.closeFrames).toEqual([]);
    expect(client.isOver).toBe(false);
  }
}

function checkRegistry(model: LifecycleModel, real: Lifecycle): void {
  const listed = [...real.sessions];
  const live = model.connections.filter((connection) => model.isLive(connection));
  const overdue = model.connections.filter((connection) => model.isOverdue(connection));
  expect(real.sessions.count()).toBe(listed.length);
  expect(listed.length).toBeGreaterThanOrEqual(live.length);
  expect(listed.length).toBeLessThanOrEqual(live.length + overdue.length);
  for (const user of ['alice', 'bob']) {
    const ofUser = real.sessions.ofUser(user);
    expect(ofUser).toEqual(listed.filter(({ userId }) => userId === user));
    expect(ofUser.length).toBeGreaterThanOrEqual(
      live.filter((connection) => connection.user === user).length,
    );
  }
  for (const session of listed) {
    expect(real.sessions.get(session.id)).toBe(session);
  }
}

const pick = fc.nat({ max: 5 });
const user = fc.constantFrom('alice', 'alice', 'alice', 'bob');
const lifetime = fc.constantFrom(2, 4, 30, undefined);
const verdict = fc.oneof(
  { weight: 8, arbitrary: fc.record({ user, lifetime }) },
  { weight: 1, arbitrary: fc.constant({ user: undefined, lifetime: undefined }) },
);

const amount = fc.integer({ min: 1, max: 4 });

/** Rare, because little can happen after it. */
const endings = fc.oneof(
  { weight: 3, arbitrary: pick.map((index) => new Close(index)) },
  { weight: 3, arbitrary: pick.map((index) => new Reset(index)) },
  { weight: 3, arbitrary: pick.map((index) => new Disconnect(index)) },
  { weight: 3, arbitrary: user.map((name) => new RevokeUser(name)) },
  { weight: 1, arbitrary: fc.constant(new RevokeEverybody()) },
  { weight: 1, arbitrary: fc.constant(new ShutDown()) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.boolean().map((byMessage) => new Open(byMessage)) },
  { weight: 4, arbitrary: pick.map((index) => new Authenticate(index)) },
  {
    weight: 6,
    arbitrary: fc.tuple(pick, verdict).map(([index, given]) => new Judge(index, given)),
  },
  {
    weight: 5,
    arbitrary: fc.tuple(pick, amount).map(([index, count]) => new Send(index, count)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(pick, fc.constantFrom(1, 3, 60))
      .map(([index, seconds]) => new Refresh(index, seconds)),
  },
  { weight: 2, arbitrary: pick.map((index) => new Push(index)) },
  { weight: 2, arbitrary: fc.constantFrom(1, 1, 2, 6).map((seconds) => new Advance(seconds)) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(-3, -1, 1, 1, 3).map((seconds) => new SetClock(seconds)),
  },
  { weight: 2, arbitrary: endings },
  {
    weight: 2,
    arbitrary: fc
      .tuple(pick, fc.integer({ min: 0, max: 3 }))
      .map(([index, count]) => new Rush(index, count)),
  },
);

const steps = fc.array(step, { minLength: 1, maxLength: 60, size: 'max' });

describe('whatever happens to connections, in whatever order', () => {
  it('only live sessions are handled, each ends once, and the registry knows', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        useAllFakeClocks(start);
        const real = await Lifecycle.start();
        try {
          await fc.asyncModelRun(() => ({ model: new LifecycleModel(), real }), given);
        } finally {
          await real.stop();
          vi.useRealTimers();
        }
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});
