import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { connect, firstMessage } from '../../lib/client.js';
import { fromFirstMessage } from '../../lib/index.js';
import { startProtected } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { tokenOf } from '../support/tokens.js';
import { ObservedSocket } from './observed-socket.js';

const alice = () => tokenOf('alice');
const never = () => new Promise<string>(() => undefined);
const echo = (data: unknown) => JSON.stringify({ event: 'echo', data });

describe('what is sent before the socket is authenticated', () => {
  it('waits, and goes out in order before what is sent in onopen', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: alice });
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the property is what is tested
    client.socket.onopen = () => client.emit('echo', 3);
    client.emit('echo', 1).emit('echo', 2);
    const heard = [await client.next('message'), await client.next('message')];
    heard.push(await client.next('message'));
    expect(heard.map(({ data }) => data)).toEqual([echo(1), echo(2), echo(3)]);
    expect(app.nest.get(EchoGateway).unauthenticated).toEqual([]);
  });

  it('is refused beyond the bound, or altogether, as a WebSocket does that connects', async () => {
    await using two = new ObservedSocket('ws://127.0.0.1:9/', {
      token: never,
      maxQueuedMessages: 2,
    });
    two.emit('a').emit('b');
    expect(() => two.emit('c')).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
    await using none = new ObservedSocket('ws://127.0.0.1:9/', {
      token: never,
      maxQueuedMessages: 0,
    });
    expect(() => none.emit('a')).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
    await using small = new ObservedSocket('ws://127.0.0.1:9/', {
      token: never,
      maxQueuedBytes: 10,
    });
    expect(() => small.socket.send('12345678901')).toThrow('the queue is full');
    small.socket.send('1234567890');
    expect(small.socket.bufferedAmount).toBe(10);
  });

  it('overtakes nothing, not even when the connection is open already', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: alice });
    client.socket.addEventListener('authenticating', () => client.emit('echo', 2));
    client.emit('echo', 1);
    const heard = [await client.next('message'), await client.next('message')];
    expect(heard.map(({ data }) => data)).toEqual([echo(1), echo(2)]);
  });

  it('goes out behind a raw token, too', async () => {
    await using app = await startProtected({ credentials: [fromFirstMessage({ format: 'raw' })] });
    await using client = new ObservedSocket(app.url(), {
      token: alice,
      via: firstMessage({ format: 'raw' }),
    });
    expect(await client.ask('echo', 'hello')).toBe('hello');
  });
});

describe('a socket', () => {
  it('keeps messages of the protocol to itself, and passes on all others', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: alice });
    const messages: unknown[] = [];
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the property is what is tested
    client.socket.onmessage = ({ data }) => messages.push(data);
    await client.next('open');
    client.socket.renew();
    await client.next('session');
    await client.ask('echo', { event: 'expiring' });
    expect(messages).toEqual([echo({ event: 'expiring' })]);
  });

  it('speaks to a server whose events have other names', async () => {
    const events = { authenticate: 'login', authenticated: 'welcome', expiring: 'bye' };
    await using app = await startProtected({ events });
    await using client = new ObservedSocket(app.url(), { token: alice, events });
    await client.next('open');
    client.socket.renew();
    await client.next('session');
  });

  it('exposes the selected subprotocol and binaryType', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: alice, protocols: ['chat'] });
    client.socket.binaryType = 'arraybuffer';
    await client.next('open');
    expect([client.socket.protocol, client.socket.binaryType]).toEqual(['chat', 'arraybuffer']);
    app.nest.get(EchoGateway).connected[0]!.client.send(Buffer.from('hi'));
    expect((await client.next('message')).data).toBeInstanceOf(ArrayBuffer);
  });

  it('closes with the code and the reason it is given, once', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: alice });
    await client.next('open');
    const { client: serverSide } = app.nest.get(EchoGateway).connected[0]!;
    const closed = once(serverSide, 'close');
    client.socket.close(4000, 'done');
    expect(client.socket.readyState).toBe(2);
    client.socket.close();
    const [code, reason] = (await closed) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4000, 'done']);
    expect(await client.next('close')).toMatchObject({ code: 4000, wasClean: true });
    expect(client.told).toEqual(['connecting', 'authenticating', 'open', 'close']);
    expect([client.socket.readyState, client.socket.session]).toEqual([3, undefined]);
  });

  it.each(['event', 'raw'] as const)(
    'closes while it authenticates, and never opens (%s)',
    async (format) => {
      await using app = await startProtected({ credentials: [fromFirstMessage({ format })] });
      await using client = new ObservedSocket(app.url(), {
        token: alice,
        via: firstMessage({ format }),
      });
      client.socket.addEventListener('authenticating', () => client.socket.close());
      expect(await client.next('close')).toMatchObject({ code: 1000 });
      await expect(client.socket.authenticated).rejects.toThrow('closed with 1000');
      await using witness = await app.connect().opened();
      await witness.barrier();
      expect(client.told).toEqual(['connecting', 'authenticating', 'close']);
      expect(app.nest.get(EchoGateway).connected).toHaveLength(0);
    },
  );

  it('asks for no token when it is closed as it begins', async () => {
    let asked = 0;
    await using client = new ObservedSocket('ws://127.0.0.1:9/', {
      token: () => `${(asked += 1)}`,
    });
    client.socket.addEventListener('connecting', () => client.socket.close());
    await client.next('close');
    await Promise.resolve();
    expect(asked).toBe(0);
  });

  it('refuses a close code that is not for applications, and stays open', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: alice });
    await client.next('open');
    expect(() => client.socket.close(1)).toThrow();
    expect(await client.ask('echo', 'still here')).toBe('still here');
  });

  it('lets a listener go', async () => {
    await using app = await startProtected();
    await using client = new ObservedSocket(app.url(), { token: alice });
    const opened: string[] = [];
    const listener = ({ type }: { readonly type: string }) => opened.push(type);
    client.socket.addEventListener('open', listener);
    client.socket.removeEventListener('open', listener);
    await client.next('open');
    expect(opened).toEqual([]);
  });

  it('needs a WebSocket, which Node.js 20 does not have', () => {
    const url = 'ws://127.0.0.1:9/';
    const { WebSocket } = globalThis as { WebSocket?: unknown };
    Reflect.deleteProperty(globalThis, 'WebSocket');
    try {
      expect(() => connect(url, { token: alice })).toThrow('WebSocket: expected function');
    } finally {
      if (WebSocket) Object.assign(globalThis, { WebSocket });
    }
  });

  it('connects to ws: where it is given http:', async () => {
    await using app = await startProtected();
    const url = new URL('/', app.origin);
    await using client = new ObservedSocket(url.href, { token: alice });
    await client.next('open');
    expect(client.socket.url).toBe(app.url());
  });
});

describe('an AbortSignal', () => {
  const aborted = { code: 1000, reason: 'aborted', wasClean: false };

  it('ends a socket that is open: the server sees it go', async () => {
    await using app = await startProtected();
    const abort = new AbortController();
    await using client = new ObservedSocket(app.url(), { token: alice, signal: abort.signal });
    await client.next('open');
    const { client: serverSide } = app.nest.get(EchoGateway).connected[0]!;
    const left = once(serverSide, 'close');
    abort.abort();
    expect(await client.next('close')).toMatchObject(aborted);
    await left;
    expect(client.socket.state).toBe('closed');
  });

  it('ends a socket that waits, and one that asks for its token', async () => {
    for (const token of [
      never,
      () => {
        throw new Error('out of reach');
      },
    ]) {
      const abort = new AbortController();
      await using client = new ObservedSocket('ws://127.0.0.1:9/', { token, signal: abort.signal });
      await client.next(token === never ? 'connecting' : 'waiting');
      abort.abort();
      expect(await client.next('close')).toMatchObject(aborted);
      await expect(client.socket.authenticated).rejects.toThrow('closed with 1000 aborted');
    }
  });

  it('that is aborted already lets nothing begin', async () => {
    let asked = 0;
    await using client = new ObservedSocket('ws://127.0.0.1:9/', {
      token: () => `${(asked += 1)}`,
      signal: AbortSignal.abort(),
    });
    expect(await client.next('close')).toMatchObject(aborted);
    expect([asked, client.told]).toEqual([0, ['close']]);
  });
});
