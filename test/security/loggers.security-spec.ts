import type { LoggerService } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WsAuthEvents, WsAuthSessions } from '../../lib/index.js';
import { graphqlModules } from '../graphql/graphql-app.js';
import { Subscriber } from '../graphql/graphql-client.js';
import { startIo } from '../socket-io/support/io-app.js';
import { IoEcho } from '../socket-io/support/io-gateways.js';
import { startApp, startGateways } from '../support/app.js';
import { fateOf } from '../support/connections.js';
import { nestDoes } from '../support/nest-11.js';
import { customStrategy } from '../support/strategies.js';
import { bearer, tokenOf } from '../support/tokens.js';

const fail = (): never => {
  throw new Error('the disk is full');
};

/** A logger of an application that works while it boots. */
class FailingLogger implements LoggerService {
  isFailing = false;
  lines = 0;

  constructor(private readonly fault: () => unknown) {}

  readonly log = () => this.#write();
  readonly error = () => this.#write();
  readonly warn = () => this.#write();
  readonly debug = () => this.#write();

  #write(): unknown {
    this.lines += 1;
    return this.isFailing ? this.fault() : undefined;
  }
}

const loggers: readonly [string, () => unknown][] = [
  ['throws', fail],
  ['rejects', () => Promise.reject(new Error('the disk is full'))],
  // oxlint-disable-next-line unicorn/no-thenable -- the mistake of an application
  ['returns what cannot be awaited', () => ({ then: fail })],
];

const crashing = customStrategy('crashing', fail);

const options = { refusalLogLevel: 'warn' } as const;

@WebSocketGateway()
class FailingGateway {
  handleConnection(_client: object, { headers }: { readonly headers: object }): void {
    if ('x-fail' in headers) {
      fail();
    }
  }

  handleDisconnect(): void {
    fail();
  }

  @SubscribeMessage('echo')
  echo(data: unknown) {
    return { event: 'echo', data: typeof data };
  }

  @SubscribeMessage('fail')
  fail(): void {
    fail();
  }
}

@WebSocketGateway()
class FailingIoGateway extends IoEcho {
  override handleDisconnect(): void {
    fail();
  }

  @SubscribeMessage('fail')
  fail(): void {
    fail();
  }
}

describe.each(loggers)('a logger of the application that %s', (how, fault) => {
  // Nest logs an exception of a handler itself, and drops the promise.
  const mayHandlersFail = how === 'throws';

  it('K12d: changes nothing for clients of ws', async () => {
    const logger = new FailingLogger(fault);
    const strategy = ['crashing', 'jwt'];
    await using app = await startGateways({ ...options, strategy }, [crashing, FailingGateway], {
      logger,
    });
    app.nest.get(WsAuthEvents).on('authenticated', fail);
    logger.isFailing = true;
    expect(await fateOf(app.connect('/', bearer()))).toBe('refused 500');
  });

  it('K12d: keeps no client, and ends no process, at exceptions of a gateway', async () => {
    const logger = new FailingLogger(fault);
    await using app = await startGateways(options, [FailingGateway], { logger });
    app.nest.get(WsAuthEvents).on('authenticated', fail);
    logger.isFailing = true;
    const before = logger.lines;
    expect(await fateOf(app.connect('/', { headers: { authorization: 'Bearer x' } }))).toBe(
      'refused 401',
    );
    const headers = { ...bearer().headers, 'x-fail': '1' };
    expect((await app.connect('/', { headers }).closed()).code).toBe(1011);
    const late = await app.connect().opened();
    late.emit('authenticate', { token: 'bad' });
    expect((await late.closed()).code).toBe(3000);
    const client = await app.connect('/', bearer()).opened();
    if (mayHandlersFail) {
      client.emit('fail');
    }
    expect(await client.ask('echo')).toBeDefined();
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    expect((await client.closed()).code).toBe(3000);
    expect(app.nest.get(WsAuthSessions).count()).toBe(0);
    expect(logger.lines).toBeGreaterThan(before);
  });

  it('K12d: changes nothing for clients of Socket.IO', async () => {
    const logger = new FailingLogger(fault);
    await using app = await startIo(options, [FailingIoGateway], { logger });
    app.nest.get(WsAuthEvents).on('authenticated', fail);
    logger.isFailing = true;
    const refused = app.open('websocket', { auth: { token: 'bad' } });
    expect((await refused.refused()).data?.code).toBe(3000);
    const client = await app.open('polling', { auth: { token: tokenOf('alice') } }).connected();
    if (mayHandlersFail && nestDoes.catchErrorsOfFilters) {
      client.socket.emit('fail');
    }
    expect(await client.ask('echo', 1)).toBe(1);
    await app.sessions.revoke({ userId: 'alice' });
    await client.disconnected();
    expect(app.sessions.count()).toBe(0);
  });

  it('K12d: changes nothing for clients of graphql-ws', async () => {
    const logger = new FailingLogger(fault);
    const theirs = { onDisconnect: fail, onClose: fail };
    await using app = await startApp(graphqlModules({ module: options, theirs }), undefined, {
      logger,
    });
    logger.isFailing = true;
    await using refused = new Subscriber(app, { connectionParams: { token: 'bad' } });
    expect((await refused.closed()).code).toBe(4403);
    await using client = new Subscriber(app, { connectionParams: { token: tokenOf('alice') } });
    expect(await client.query('{ hello }')).toMatchObject({ data: { hello: 'hello' } });
    const ended = client.closed();
    await app.nest.get(WsAuthSessions).revoke({ userId: 'alice' });
    expect((await ended).code).toBe(4403);
  });
});
