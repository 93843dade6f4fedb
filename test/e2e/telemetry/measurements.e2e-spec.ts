import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  WS_AUTH_ADAPTER_CONTEXT,
  type AdapterContext,
} from '../../../lib/adapters/adapter-context.js';
import { Authenticator } from '../../../lib/authentication/authenticator.js';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  fromRequest,
  MemoryWsAuthStore,
} from '../../../lib/index.js';
import { connect, connectAs, expectRefused, fakeTimers } from '../../../lib/testing.js';
import { DeferredStrategy } from '../../support/deferred-strategy.js';
import { startProtected } from '../../support/app.js';
import { bearer, tokenOf } from '../../support/tokens.js';
import { Recorder, startObserved } from './recorder.js';
import { settle } from '../../support/turns.js';
import { LiveSessions } from '../../../lib/sessions/live-sessions.js';

const lib = fileURLToPath(new URL('../../../lib', import.meta.url));

afterEach(() => {
  vi.useRealTimers();
});

const rejected = 'ERR_WS_AUTH_CREDENTIAL_REJECTED';
const forgedMessage = { firstMessage: { token: 'forged' } };

describe('attempts are counted', () => {
  it('by phase, extractor, strategy and outcome', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await using _machine = await connect(app.nest, bearer());
    await using _twin = await connect(app.nest, bearer());
    await using _page = await connect(app.nest, { firstMessage: { token: tokenOf('bob') } });
    expect(await recorder.attempts()).toEqual([
      '2 handshake fromAuthorizationHeader jwt accepted',
      '1 message fromFirstMessage jwt accepted',
    ]);
  });

  it('by the code of the refusal', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await expectRefused(connect(app.nest, bearer('forged')), { status: 401 });
    await expectRefused(connect(app.nest, forgedMessage), { closeCode: 3000 });
    expect(await recorder.attempts()).toEqual([
      `1 handshake fromAuthorizationHeader jwt refused ${rejected}`,
      `1 message fromFirstMessage jwt refused ${rejected}`,
    ]);
  });

  it('without a extractor where it comes to no credential', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder, { credentials: [fromAuthorizationHeader()] });
    await expectRefused(connect(app.nest), { status: 401 });
    await expectRefused(connect(app.nest, { path: '/nowhere' }), { status: 404 });
    expect(await recorder.attempts()).toEqual([
      '1 handshake refused ERR_WS_AUTH_CREDENTIAL_REQUIRED',
      '1 handshake refused ERR_WS_AUTH_UNKNOWN_PATH',
    ]);
  });

  it('without a extractor where the session is anonymous', async () => {
    using recorder = new Recorder();
    const credentials = [fromAuthorizationHeader()];
    await using app = await startObserved(recorder, { optional: true, credentials });
    await using _guest = await connect(app.nest);
    expect(await recorder.attempts()).toEqual(['1 handshake accepted']);
  });

  it('with the extractor of a credential that took too long', async () => {
    using recorder = new Recorder();
    const deferred = new DeferredStrategy();
    await using app = await startProtected(
      { telemetry: recorder.telemetry(), strategy: 'deferred', authTimeoutMs: 100 },
      [deferred.provider],
    );
    await expectRefused(connect(app.nest, bearer()), { status: 503 });
    expect(await recorder.attempts()).toEqual([
      '1 handshake fromAuthorizationHeader deferred refused ERR_WS_AUTH_UNAVAILABLE',
    ]);
  });

  it('without the extractor of an earlier credential where nothing is sent in time', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder, {
      credentials: [fromRequest(), fromFirstMessage()],
      authTimeoutMs: 100,
    });
    await using client = await connect(app.nest);
    expect(await client.closed()).toMatchObject({ code: 3008 });
    expect(await recorder.attempts()).toEqual(['1 message refused ERR_WS_AUTH_TIMEOUT']);
    expect(await recorder.measured('ws_auth.pending.count')).toEqual([[{}, 0]]);
  });

  it('and an authentication on an open socket is one of its own', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await using client = await connect(app.nest, bearer());
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    client.emit('authenticate', { token: tokenOf('bob') });
    expect(await client.closed()).toMatchObject({ code: 3003 });
    expect(await recorder.attempts()).toEqual([
      '1 handshake fromAuthorizationHeader jwt accepted',
      '1 reauthentication fromFirstMessage jwt accepted',
      '1 reauthentication fromFirstMessage jwt refused ERR_WS_AUTH_OTHER_USER',
    ]);
  });

  it('with the extractor and the strategy where it is the session that is refused', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder, { maxSessionsPerUser: 1, onLimit: 'refuse' });
    await using _first = await connect(app.nest, bearer());
    await expectRefused(connect(app.nest, bearer()), { status: 429 });
    const firstMessage = { token: tokenOf('alice') };
    await expectRefused(connect(app.nest, { firstMessage }), { closeCode: 1013 });
    expect(await recorder.attempts()).toEqual([
      '1 handshake fromAuthorizationHeader jwt accepted',
      '1 handshake fromAuthorizationHeader jwt refused ERR_WS_AUTH_TOO_MANY_SESSIONS',
      '1 message fromFirstMessage jwt refused ERR_WS_AUTH_TOO_MANY_SESSIONS',
    ]);
  });

  it('together by two applications that share a meter', async () => {
    using recorder = new Recorder();
    await using one = await startObserved(recorder);
    await using other = await startObserved(recorder);
    await using _first = await connect(one.nest, bearer());
    await using _second = await connect(other.nest, bearer());
    const attempts = await recorder.measured('ws_auth.attempts');
    expect(attempts.map(([, count]) => count)).toEqual([2]);
  });
});

describe('the time of authentications', () => {
  it('is recorded for each credential, in seconds', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await using _client = await connect(app.nest, bearer());
    await expectRefused(connect(app.nest, bearer('forged')), { status: 401 });
    expect(await recorder.measured('ws_auth.authentication.duration')).toEqual([
      [{ 'ws_auth.strategy': 'jwt' }, 1],
      [{ 'ws_auth.strategy': 'jwt', 'error.type': rejected }, 1],
    ]);
  });

  it('is that which the strategy took', async () => {
    using recorder = new Recorder();
    const deferred = new DeferredStrategy();
    await using app = await startProtected(
      { telemetry: recorder.telemetry(), strategy: 'deferred' },
      [deferred.provider],
    );
    const startedAt = performance.now();
    const connecting = connect(app.nest, bearer());
    await deferred.asked();
    deferred.decide({ id: 'alice' });
    await using _client = await connecting;
    const [seconds] = await recorder.sums('ws_auth.authentication.duration');
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan((performance.now() - startedAt) / 1_000);
  });
});

describe('what there is', () => {
  it('is observed: pending connections, their limit, and sessions', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder, { maxPending: 77 });
    await using _pending = await connect(app.nest);
    await using _one = await connectAs(app.nest, { id: 'alice' });
    await using _two = await connectAs(app.nest, { id: 'bob' });
    expect(await recorder.measured('ws_auth.pending.count')).toEqual([[{}, 1]]);
    expect(await recorder.measured('ws_auth.pending.limit')).toEqual([[{}, 77]]);
    expect(await recorder.measured('ws_auth.session.count')).toEqual([[{}, 2]]);
  });

  it('is observed to go down again: with a refusal, a client that leaves, and a session that begins or ends', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await expectRefused(connect(app.nest, bearer('forged')), { status: 401 });
    await expectRefused(connect(app.nest, forgedMessage), { closeCode: 3000 });
    const waiting = await connect(app.nest);
    const session = await connectAs(app.nest, { id: 'alice' });
    expect(await recorder.measured('ws_auth.pending.count')).toEqual([[{}, 1]]);
    await waiting[Symbol.asyncDispose]();
    await session.revoke();
    await settle();
    expect(await recorder.measured('ws_auth.pending.count')).toEqual([[{}, 0]]);
    expect(await recorder.measured('ws_auth.session.count')).toEqual([[{}, 0]]);
  });

  it('is not observed any more when the application has shut down', async () => {
    using recorder = new Recorder();
    const app = await startObserved(recorder);
    const count = vi.spyOn(app.nest.get(LiveSessions), 'size', 'get');
    await recorder.measured('ws_auth.session.count');
    expect(count).toHaveBeenCalledOnce();
    await app[Symbol.asyncDispose]();
    await recorder.measured('ws_auth.session.count');
    expect(count).toHaveBeenCalledOnce();
  });
});

/** A store that can be cut off. */
class Severable extends MemoryWsAuthStore {
  severed = false;

  override revocationsSince(cursor: string | undefined) {
    return this.severed ? Promise.reject(new Error('cut off')) : super.revocationsSince(cursor);
  }
}

describe('what happens', () => {
  it('is counted: expiries, renewals and revocations', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await using expiring = await connectAs(app.nest, { id: 'alice' });
    await using revoked = await connectAs(app.nest, { id: 'bob' });
    expiring.renew({ id: 'alice' });
    await expiring.expire();
    await revoked.revoke();
    expect(await recorder.measured('ws_auth.session.renewals')).toEqual([[{}, 1]]);
    expect(await recorder.measured('ws_auth.session.expirations')).toEqual([[{}, 1]]);
    expect(await recorder.measured('ws_auth.session.revocations')).toEqual([[{}, 1]]);
  });

  it('is counted from zero: a rate knows no first increase', async () => {
    using recorder = new Recorder();
    await using _app = await startObserved(recorder);
    const counters = ['session.renewals', 'session.expirations', 'session.revocations'];
    for (const counter of [...counters, 'store.losses']) {
      expect(await recorder.measured(`ws_auth.${counter}`)).toEqual([[{}, 0]]);
    }
  });

  it('is counted: the loss of the store, once until it answers again', async () => {
    vi.useFakeTimers(fakeTimers.vitest);
    using recorder = new Recorder();
    const store = new Severable();
    await using _app = await startObserved(recorder, { store, maxStalenessMs: 3_000 });
    for (const severed of [true, false, true]) {
      store.severed = severed;
      await vi.advanceTimersByTimeAsync(10_000);
    }
    vi.useRealTimers();
    expect(await recorder.measured('ws_auth.store.losses')).toEqual([[{}, 2]]);
  });
});

describe('without the option', () => {
  it('the authenticator is not wrapped', async () => {
    await using app = await startProtected();
    const [server] = app.nest.get<AdapterContext>(WS_AUTH_ADAPTER_CONTEXT).protectedServers;
    expect(Object.getPrototypeOf(server!.context.authenticator)).toBe(Authenticator.prototype);
  });

  it('nothing of OpenTelemetry is imported: one folder names it, and one entry leads there', () => {
    const files = readdirSync(lib, { recursive: true, encoding: 'utf8' });
    const importing = (what: string) =>
      files.filter(
        (file) =>
          file.endsWith('.ts') && readFileSync(join(lib, file), 'utf8').includes(`from '${what}`),
      );
    const naming = importing('@opentelemetry/');
    expect(naming.length).toBeGreaterThan(0);
    expect(naming.filter((file) => !file.startsWith('telemetry/'))).toEqual([]);
    expect(importing('./telemetry/')).toEqual(['opentelemetry.ts']);
    expect(importing('../telemetry/')).toEqual([]);
  });
});
