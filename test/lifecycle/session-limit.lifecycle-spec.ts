import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WsAuth } from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { bearer, tokenOf } from '../support/tokens.js';
import {
  enter,
  enterByMessage,
  fateOf,
  serverSide,
  sessionsOf,
  startWithVerdicts,
} from '../support/connections.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';

const replaced = { code: 1008, reason: 'too many sessions' };

const enterings: [string, (app: TestApp, token: string) => Promise<TestClient>][] = [
  ['on the upgrade', enter],
  ['by first message', enterByMessage],
];

describe.each(enterings)('one socket too many %s', (way, enterAgain) => {
  const refuse = way === 'on the upgrade' ? 'refused 429' : 'closed 1013 too many sessions';

  /** What becomes of a further connection. */
  async function fateOfNext(app: TestApp, token: string): Promise<string> {
    if (way === 'on the upgrade') {
      return fateOf(app.connect('/', bearer(token)));
    }
    const client = await app.connect().opened();
    return fateOf(client.emit('authenticate', { token }));
  }

  it('is refused, and the others stay', async () => {
    await using app = await startProtected({ maxSessionsPerUser: 2 });
    const clients = [
      await enterAgain(app, tokenOf('alice')),
      await enterAgain(app, tokenOf('alice')),
    ];
    expect(await fateOfNext(app, tokenOf('alice'))).toBe(refuse);
    await enterAgain(app, tokenOf('bob'));
    for (const client of clients) {
      expect(await client.ask('echo', 1)).toBe(1);
    }
    expect(sessionsOf(app).ofUser('alice')).toHaveLength(2);
    expect(app.nest.get(EchoGateway).connected).toHaveLength(3);
  });

  it('is accepted when a slot is free again', async () => {
    await using app = await startProtected({ maxSessionsPerUser: 1 });
    const first = await enterAgain(app, tokenOf('alice'));
    sessionsOf(app).disconnect({ userId: 'alice' });
    const second = await enterAgain(app, tokenOf('alice'));
    expect(await second.ask('echo', 1)).toBe(1);
    await first.closed();
  });

  it('takes the place of the oldest with closeOldest', async () => {
    await using app = await startProtected({ maxSessionsPerUser: 2, onLimit: 'closeOldest' });
    const clients: TestClient[] = [];
    for (let count = 0; count < 4; count += 1) {
      clients.push(await enterAgain(app, tokenOf('alice')));
    }
    expect(await clients[0]!.closed()).toEqual(replaced);
    expect(await clients[1]!.closed()).toEqual(replaced);
    expect(await clients[2]!.ask('echo', 1)).toBe(1);
    expect(await clients[3]!.ask('echo', 1)).toBe(1);
    expect(sessionsOf(app).ofUser('alice')).toHaveLength(2);
  });

  it('takes the place of the oldest, although that has renewed its session', async () => {
    await using app = await startProtected({ maxSessionsPerUser: 2, onLimit: 'closeOldest' });
    const first = await enterAgain(app, tokenOf('alice'));
    const second = await enterAgain(app, tokenOf('alice'));
    await first.emit('authenticate', { token: tokenOf('alice') }).next();
    await enterAgain(app, tokenOf('alice'));
    expect(await first.closed()).toEqual(replaced);
    expect(await second.ask('echo', 1)).toBe(1);
  });

  it('K2b: of a user without a key is refused, since it cannot be counted', async () => {
    await using app = await startWithVerdicts({ t: { name: 'x' } }, { maxSessionsPerUser: 9 });
    expect(await fateOfNext(app, 't')).toMatch(/403|3003 not permitted/);
    expect(sessionsOf(app).count()).toBe(0);
  });

  it('with a revoked credential evicts no session', async () => {
    await using app = await startProtected({ maxSessionsPerUser: 1, onLimit: 'closeOldest' });
    const client = await enterAgain(app, tokenOf('alice'));
    await sessionsOf(app).revoke({ tokenId: 'stolen' });
    expect(await fateOfNext(app, tokenOf('alice', { jti: 'stolen' }))).toMatch(/401|3000 revoked/);
    expect(await client.ask('echo', 1)).toBe(1);
  });
});

describe('a limit on sessions', () => {
  it('holds among connections that are verified at the same time', async () => {
    const deferred = new DeferredStrategy();
    await using app = await startProtected({ strategy: 'deferred', maxSessionsPerUser: 1 }, [
      deferred.provider,
    ]);
    const upgrades = [1, 2, 3].map(() => app.connect('/', bearer('t')));
    await deferred.asked(3);
    const message = await app.connect().opened();
    message.emit('authenticate', { token: 't' });
    await deferred.asked(4);
    for (let count = 0; count < 4; count += 1) {
      deferred.decide({ id: 'alice' });
    }
    const answers = [...upgrades.map((client) => client.opened()), message.next()];
    const fates = await Promise.all(
      answers.map((answer) =>
        answer.then(
          () => 'accepted',
          (error: Error) => error.message,
        ),
      ),
    );
    expect(fates.filter((fate) => fate === 'accepted')).toHaveLength(1);
    expect(fates.filter((fate) => fate.includes('too many sessions'))).toHaveLength(3);
    expect(sessionsOf(app).count()).toBe(1);
  });

  it('does not count connections that are pending', async () => {
    await using app = await startProtected({ maxSessionsPerUser: 1 });
    await app.connect().opened();
    expect(await (await app.connectAs('alice')).ask('echo', 1)).toBe(1);
  });

  it('evicts no session for an upgrade that fails after all', async () => {
    @WsAuth({ onLimit: 'closeOldest', maxSessionsPerUser: 1 })
    @WebSocketGateway({
      path: '/chat',
      handleProtocols: () => {
        throw new Error('no such protocol');
      },
    })
    class ChoosyGateway {}
    await using app = await startProtected({}, [ChoosyGateway]);
    const client = await app.connectAs('alice');
    const failing = app.connect('/chat', { ...bearer(tokenOf('alice')), protocols: ['x'] });
    expect(await fateOf(failing)).toBe('refused 500');
    expect(await client.ask('echo', 1)).toBe(1);
  });

  it('sends nothing more to the one that is closed', async () => {
    await using app = await startProtected({ maxSessionsPerUser: 1, onLimit: 'closeOldest' });
    const first = await app.connectAs('alice');
    const [held] = serverSide(app);
    app.nest.get(EchoGateway).connected.push = () => {
      held!.send('secret');
      return 0;
    };
    await app.connectAs('alice');
    expect(await first.closed()).toEqual(replaced);
    expect(first.unread).toEqual([]);
  });
});
