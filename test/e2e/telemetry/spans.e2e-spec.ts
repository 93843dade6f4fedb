import { EventEmitter, once } from 'node:events';
import { SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { WsAuthModule } from '../../../lib/index.js';
import { connect, connectAs, expectRefused } from '../../../lib/testing.js';
import { startApp, startGateways, startProtected } from '../../support/app.js';
import { customStrategy } from '../../support/strategies.js';
import { tokenOf } from '../../support/tokens.js';
import { Recorder, startObserved } from './recorder.js';
import { settle } from '../../support/turns.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${parentId}-01`;

const bearer = (token = tokenOf('alice')) => ({
  headers: { authorization: `Bearer ${token}`, traceparent },
});

/** The span that is active now, if there is one. */
const activeSpan = () => trace.getActiveSpan()?.spanContext();

/** A gateway that states which span is active. */
@WebSocketGateway()
class TracingGateway {
  connected: string | undefined;

  handleConnection(): void {
    this.connected = activeSpan()?.spanId;
  }

  @SubscribeMessage('trace')
  trace() {
    return { event: 'trace', data: activeSpan() };
  }
}

describe('the span of an authentication', () => {
  it('continues the trace of the upgrade request', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await using _client = await connect(app.nest, bearer());
    const span = recorder.span();
    expect(span.spanContext().traceId).toBe(traceId);
    expect(span.parentSpanContext?.spanId).toBe(parentId);
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.attributes).toEqual({
      'ws_auth.phase': 'handshake',
      'ws_auth.extractor': 'fromAuthorizationHeader',
      'ws_auth.strategy': 'jwt',
      'ws_auth.outcome': 'accepted',
      'url.path': '/',
    });
  });

  it('also when the credential comes in the first message', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    const firstMessage = { token: tokenOf('alice') };
    await using _client = await connect(app.nest, { headers: { traceparent }, firstMessage });
    const span = recorder.span();
    expect(span.spanContext().traceId).toBe(traceId);
    expect(span.attributes).toMatchObject({
      'ws_auth.phase': 'message',
      'ws_auth.extractor': 'fromFirstMessage',
    });
  });

  it('is one for each authentication on an open socket', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await using client = await connect(app.nest, bearer());
    client.emit('authenticate', { token: tokenOf('alice') });
    expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
    const [, second] = recorder.spans();
    expect(second!.kind).toBe(SpanKind.INTERNAL);
    expect(second!.attributes).toMatchObject({
      'ws_auth.phase': 'reauthentication',
      'ws_auth.outcome': 'accepted',
    });
  });

  it('has no span without a credential', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await using client = await connect(app.nest);
    client.emit('whoami');
    await client.closed();
    expect(recorder.spans()).toEqual([]);
  });

  it('names the refusal, which is not an error of the server', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await expectRefused(connect(app.nest, bearer('forged')), { status: 401 });
    expect(recorder.span().status.code).toBe(SpanStatusCode.UNSET);
    expect(recorder.span().attributes).toMatchObject({
      'ws_auth.outcome': 'refused',
      'ws_auth.strategy': 'jwt',
      'error.type': 'ERR_WS_AUTH_CREDENTIAL_REJECTED',
    });
  });

  it('is an error if a strategy throws', async () => {
    using recorder = new Recorder();
    await using app = await startProtected(
      { telemetry: recorder.telemetry(), strategy: 'broken' },
      [customStrategy('broken', () => Promise.reject(new Error('the database is gone')))],
    );
    await expectRefused(connect(app.nest, bearer()), { status: 500 });
    expect(recorder.span().status.code).toBe(SpanStatusCode.ERROR);
    expect(recorder.span().attributes['error.type']).toBe('ERR_WS_AUTH_STRATEGY_FAILED');
    expect(await recorder.everything()).not.toContain('the database is gone');
  });

  it('ends when the client leaves', async () => {
    using recorder = new Recorder();
    const signals: AbortSignal[] = [];
    const asked = new EventEmitter();
    const slow = customStrategy('slow', ({ signal }) => {
      signals.push(signal);
      asked.emit('asked');
      return new Promise(() => undefined);
    });
    const telemetry = recorder.telemetry();
    await using app = await startProtected({ telemetry, strategy: 'slow' }, [slow]);
    const isAsked = once(asked, 'asked');
    const client = app.connect('/', bearer());
    await isAsked;
    const isAborted = once(signals[0]!, 'abort');
    await client[Symbol.asyncDispose]();
    await isAborted;
    await settle();
    expect(recorder.span().attributes).toMatchObject({ 'ws_auth.outcome': 'abandoned' });
    expect(await recorder.attempts()).toEqual([
      '1 handshake fromAuthorizationHeader slow abandoned',
    ]);
  });

  it('names the user only where it is asked to', async () => {
    using silent = new Recorder();
    await using discreet = await startObserved(silent);
    await using _one = await connect(discreet.nest, bearer());
    expect(await silent.everything()).not.toContain('alice');

    using recorder = new Recorder();
    await using app = await startObserved(recorder, {
      telemetry: recorder.telemetry({ userIds: true }),
    });
    await using _other = await connect(app.nest, bearer());
    expect(recorder.span().attributes['user.id']).toBe('alice');
    expect(JSON.stringify(await recorder.measured('ws_auth.attempts'))).not.toContain('alice');
  });
});

describe('the context of an authentication', () => {
  it('holds in strategies, handleConnection and handlers', async () => {
    using recorder = new Recorder();
    let judged: string | undefined;
    const strategy = customStrategy('traced', () => {
      judged = activeSpan()?.spanId;
      return { id: 'alice' };
    });
    await using app = await startApp({
      imports: [WsAuthModule.forRoot({ strategy: 'traced', telemetry: recorder.telemetry() })],
      providers: [strategy, TracingGateway],
    });
    await using client = await connect(app.nest, bearer());
    const { spanId } = recorder.span().spanContext();
    expect(await client.ask('trace')).toMatchObject({ spanId });
    expect([judged, app.nest.get(TracingGateway).connected]).toEqual([spanId, spanId]);

    client.emit('authenticate', { token: 'again' });
    await client.nextEvent();
    const [, second] = recorder.spans();
    expect(await client.ask('trace')).toMatchObject({ spanId: second!.spanContext().spanId });
  });

  it('is that of each client alone', async () => {
    using recorder = new Recorder();
    await using app = await startGateways({ telemetry: recorder.telemetry() }, [TracingGateway]);
    const connectOne = () => connect(app.nest, bearer());
    const clients = await Promise.all([connectOne(), connectOne(), connectOne()]);
    const asked = await Promise.all(clients.map((client) => client.ask('trace')));
    const answers = asked.map((context) => (context as { readonly spanId: string }).spanId);
    expect(new Set(answers).size).toBe(3);
    const known = recorder.spans().map((span) => span.spanContext().spanId);
    expect(new Set(answers)).toEqual(new Set(known));
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
  });

  it('holds where the trace is not sampled: what a handler traces must not be sampled either', async () => {
    using recorder = new Recorder();
    await using app = await startGateways({ telemetry: recorder.telemetry() }, [TracingGateway]);
    const headers = { ...bearer().headers, traceparent: `00-${traceId}-${parentId}-00` };
    await using client = await connect(app.nest, { headers });
    expect(await client.ask('trace')).toMatchObject({ traceId, traceFlags: TraceFlags.NONE });
    expect(recorder.spans()).toEqual([]);
  });

  it('does not keep the test kit out', async () => {
    using recorder = new Recorder();
    await using app = await startObserved(recorder);
    await using client = await connectAs(app.nest, { id: 'alice' });
    expect(client.session?.userId).toBe('alice');
  });
});
