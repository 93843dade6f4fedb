import { propagation, type TextMapPropagator } from '@opentelemetry/api';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  WS_AUTH_ADAPTER_CONTEXT,
  type AdapterContext,
} from '../../../lib/adapters/adapter-context.js';
import { connect, expectRefused } from '../../../lib/testing.js';
import { startProtected, type TestApp } from '../../support/app.js';
import { sendTogether } from '../../support/send-together.js';
import { customStrategy } from '../../support/strategies.js';
import { bearer, tokenOf } from '../../support/tokens.js';
import { Recorder } from './recorder.js';
import { settle } from '../../support/turns.js';

const broken = (): never => {
  throw new URIError('URI malformed');
};

const later = () => Promise.reject(new URIError('URI malformed')) as never;

const firstMessage = () => ({ firstMessage: { token: tokenOf('alice') } });

/** Comes in both ways, and renews the session. */
async function expectEverybodyIn(app: TestApp): Promise<void> {
  await using machine = await connect(app.nest, bearer());
  await using page = await connect(app.nest, firstMessage());
  for (const client of [machine, page]) {
    expect(client.session?.userId).toBe('alice');
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
  }
}

function authenticatorOf(app: TestApp) {
  const [server] = app.nest.get<AdapterContext>(WS_AUTH_ADAPTER_CONTEXT).protectedServers;
  return server!.context.authenticator;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('clients come in, and renew their sessions', () => {
  it('where a propagator throws at what they have sent, and are traced all the same', async () => {
    using recorder = new Recorder();
    const propagator: TextMapPropagator = {
      inject: () => undefined,
      extract: broken,
      fields: () => ['uber-trace-id'],
    };
    propagation.disable();
    expect(propagation.setGlobalPropagator(propagator)).toBe(true);
    await using app = await startProtected({ telemetry: recorder.telemetry() });
    await expectEverybodyIn(app);
    expect(recorder.spans()).toHaveLength(4);
  });

  it('K12d: where methods of telemetry return promises that are rejected', async () => {
    using recorder = new Recorder();
    const telemetry = recorder.telemetry();
    const begin = vi.spyOn(telemetry, 'begin').mockImplementation(later);
    const attempted = vi.spyOn(telemetry, 'attempted').mockImplementation(later);
    await using app = await startProtected({ telemetry });
    await expectEverybodyIn(app);
    // An unhandled rejection fails the run.
    await settle();
    expect([begin.mock.calls.length, attempted.mock.calls.length]).toEqual([4, 4]);
  });

  it('where telemetry throws', async () => {
    using recorder = new Recorder();
    const telemetry = recorder.telemetry();
    const begin = vi.spyOn(telemetry, 'begin').mockImplementation(broken);
    await using app = await startProtected({ telemetry });
    await expectEverybodyIn(app);
    expect(begin).toHaveBeenCalledTimes(4);
  });
});

describe('a client that sends too much while its credential is judged', () => {
  it('is one attempt, which ends: that of a strategy that never answers as well', async () => {
    using recorder = new Recorder();
    const signals: AbortSignal[] = [];
    const hanging = customStrategy('hanging', ({ signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    });
    const telemetry = recorder.telemetry();
    await using app = await startProtected(
      { telemetry, strategy: 'hanging', maxQueuedMessages: 1 },
      [hanging],
    );
    const client = await app.connect().opened();
    const echoes = [1, 2, 3].map((data) => ({ event: 'echo', data }));
    sendTogether(client, { event: 'authenticate', data: { token: 'any' } }, ...echoes);
    expect(await client.closed()).toMatchObject({ code: 1008 });
    await settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    const refused = {
      'ws_auth.phase': 'message',
      'ws_auth.extractor': 'fromFirstMessage',
      'ws_auth.strategy': 'hanging',
      'ws_auth.outcome': 'refused',
      'error.type': 'ERR_WS_AUTH_QUEUE_FULL',
    };
    expect(recorder.span().attributes).toEqual({ ...refused, 'url.path': '/' });
    expect(await recorder.measured('ws_auth.attempts')).toEqual([[refused, 1]]);
  });
});

describe('what throws while a credential is judged is a refusal', () => {
  it('of a new connection', async () => {
    await using app = await startProtected();
    vi.spyOn(authenticatorOf(app), 'enter').mockImplementation(broken);
    await expectRefused(connect(app.nest, bearer()), { status: 500 });
    await expectRefused(connect(app.nest, firstMessage()), { closeCode: 1011 });
  });

  it('of a renewal', async () => {
    await using app = await startProtected();
    await using client = await connect(app.nest, bearer());
    vi.spyOn(authenticatorOf(app), 'authenticate').mockImplementationOnce(broken);
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.closed()).toMatchObject({ code: 1011 });
  });
});
