import { expect } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import {
  type Lab,
  preparedTable,
  securityCase,
  securityCases,
  securityTable,
  until,
  WitnessGateway,
} from '../support/invariants.js';
import { frameOf, opcodes, type RawPeer } from '../support/raw-peer.js';
import { customStrategy } from '../support/strategies.js';
import { verdict } from './verdict.js';
import { turns } from '../support/turns.js';

const timedOut = { code: 3008, reason: 'authentication timed out' };
const required = { code: 3000, reason: 'credential required' };
const malformed = { code: 3000, reason: 'malformed credential' };

/** Starts a gateway, and a socket on it that has not sent anything yet. */
async function pendingPeer(lab: Lab, auth: WsAuthModuleOptions = {}): Promise<RawPeer> {
  await lab.start({ auth });
  return lab.pendingPeer();
}

/** A strategy that decides when the test lets it, and a socket that waits for its verdict. */
async function judgedPeer(lab: Lab, auth: WsAuthModuleOptions = {}) {
  let asked = 0;
  const { promise, decide } = verdict();
  const judge = customStrategy('judge', () => {
    asked += 1;
    return promise;
  });
  await lab.start({ auth: { strategy: 'judge', ...auth }, providers: [judge] });
  const peer = await lab.pendingPeer();
  peer.emit('authenticate', { token: lab.token() });
  await until(() => asked === 1, 'the strategy is never asked');
  return { peer, decide };
}

securityCase(
  'FM-01: closes a peer that never sends anything with 3008 at authTimeoutMs',
  async (lab) => {
    const peer = await pendingPeer(lab);
    await lab.advance(4_999);
    expect(lab.pending).toBe(1);
    await lab.advance(1);
    expect(await peer.closed({ answer: false })).toEqual(timedOut);
    expect(lab.pending).toBe(1);
    await lab.advance(1_000);
    await peer.disconnected();
    await until(() => lab.pending === 0, 'the slot is not given back');
  },
);

securityCase('FM-02: terminates a peer that floods pings and reads no answer', async (lab) => {
  const peer = lab.expectNoAnswer(await pendingPeer(lab));
  const ping = frameOf('', { opcode: opcodes.ping });
  peer.write(Buffer.concat(Array.from({ length: 5_000 }, () => ping)));
  await peer.disconnected();
  await until(() => lab.pending === 0, 'the attempt stays pending');
});

const textFrame = (data: unknown) => frameOf(JSON.stringify({ event: 'authenticate', data }));
const binary = { opcode: opcodes.binary };
const announced = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 6, 0, 0, 0]);

securityTable(
  'FM-04, FM-06: closes a first message that is binary or too large',
  [
    [
      'FM-04: binary',
      frameOf('{"event":"authenticate","data":{"token":"x"}}', binary),
      { code: 1003, reason: 'text message expected' },
    ],
    ['FM-06: 16 KB', frameOf(Buffer.alloc(16_384, 'x')), { code: 1009 }],
    ['FM-06: 100 MB announced', announced, { code: 1009 }],
  ] as const,
  {},
  async (lab, [, bytes, closed]) => {
    const peer = await lab.pendingPeer();
    expect(await peer.write(bytes).closed()).toMatchObject(closed);
    await until(() => lab.pending === 0, 'the attempt stays pending');
  },
);

securityCase('FM-07: closes 10,000 fragments with 1008', async (lab) => {
  const peer = await pendingPeer(lab);
  const fragments = Array.from({ length: 10_000 }, (_none, index) =>
    frameOf('x', { fin: false, opcode: index === 0 ? opcodes.text : opcodes.continuation }),
  );
  peer.write(Buffer.concat(fragments));
  expect((await peer.closed()).code).toBe(1008);
});

const fragment = (text: string, second: number) =>
  frameOf(text, { fin: false, opcode: second === 0 ? opcodes.text : opcodes.continuation });

securityTable(
  'FM-02, FM-07, FM-08: closes with 3008 a peer that authenticates at no time, whatever it sends',
  [
    ['FM-02: pings', (peer: RawPeer) => peer],
    ['FM-07: fragments', (peer: RawPeer, second: number) => peer.write(fragment('x', second))],
    [
      'FM-08: one fragment, then nothing',
      (peer: RawPeer, second: number) => (second > 0 ? peer : peer.write(fragment('{', 0))),
    ],
  ] as const,
  {},
  async (lab, [, send]) => {
    const peer = await lab.pendingPeer();
    for (let second = 0; second < 5; second += 1) {
      await send(peer, second).barrier();
      await lab.advance(1_000);
    }
    expect(await peer.closed()).toEqual(timedOut);
  },
);

securityCase('FM-08: the same for half a frame', async (lab) => {
  const peer = await pendingPeer(lab);
  await peer.write(frameOf('{"event":"authenticate"}').subarray(0, 10)).flushed();
  await lab.advance(5_000);
  expect(await peer.closed({ answer: false })).toEqual(timedOut);
  await lab.advance(1_000);
  await peer.disconnected();
});

securityTable(
  'FM-10: survives a broken frame, before authentication and after',
  [
    ['RSV bits', frameOf('x', { rsv: 7 }), 1002],
    ['a reserved opcode', frameOf('x', { opcode: 3 }), 1002],
    ['a reserved control opcode', frameOf('x', { opcode: 11 }), 1002],
    ['no mask', frameOf('x', { masked: false }), 1002],
    ['a fragmented ping', frameOf('x', { opcode: opcodes.ping, fin: false }), 1002],
    ['a ping of 126 bytes', frameOf(Buffer.alloc(126), { opcode: opcodes.ping }), 1002],
    ['a stray continuation', frameOf('x', { opcode: opcodes.continuation }), 1002],
    ['a close frame of one byte', frameOf('x', { opcode: opcodes.close }), 1002],
    ['a close code of 1005', frameOf(Buffer.from([3, 237]), { opcode: opcodes.close }), 1002],
    ['a length of 2^63', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1009],
    ['text that is not UTF-8', frameOf(Buffer.from([0xff, 0xfe])), 1007],
  ] as const,
  {},
  async (lab, [, bytes, code]) => {
    const pending = await lab.pendingPeer();
    const alice = await lab.knock({ fields: lab.bearer() }).opened();
    expect((await pending.write(bytes).closed()).code).toBe(code);
    expect((await alice.write(bytes).closed()).code).toBe(code);
    await until(() => lab.pending === 0, 'the attempt stays pending');
  },
);

securityCase(
  'FM-10: terminates a peer that breaks the protocol and ignores the close frame',
  async (lab) => {
    const peer = await pendingPeer(lab);
    peer.write(frameOf('x', { rsv: 7 }));
    await peer.closed({ answer: false });
    await lab.advance(1_000);
    await peer.disconnected();
  },
);

preparedTable(
  'FM-12, FM-15: closes a first message without a valid credential with 3000, and no strategy sees it',
  [
    ['FM-12: another event', '{"event":"echo","data":"early"}', required],
    ['FM-12: no JSON', 'hello', required],
    ['FM-12: JSON that is too deep', `${'['.repeat(4_000)}${']'.repeat(4_000)}`, required],
    ['FM-12: nothing', '{"event":"authenticate","data":{}}', required],
    ['FM-15: no object', '{"event":"authenticate","data":"token"}', malformed],
    ['FM-15: a list of tokens', '{"event":"authenticate","data":{"token":["a"]}}', malformed],
    [
      'FM-15: a control character',
      '{"event":"authenticate","data":{"token":"\\u0000"}}',
      malformed,
    ],
  ] as const,
  async (lab) => {
    let asked = 0;
    const counting = customStrategy('counting', () => (asked += 1));
    await lab.start({ auth: { strategy: 'counting' }, providers: [counting] });
    return async ([, message, closed]) => {
      const peer = await lab.pendingPeer();
      expect(await peer.send(message).closed()).toEqual(closed);
      expect(lab.gateway.handled).toEqual([]);
      expect(asked).toBe(0);
    };
  },
);

preparedTable(
  'FM-13: __proto__ and constructor in a first message pollute nothing',
  [
    '{"__proto__":{"user":{"id":"mallory"},"polluted":1},"event":"authenticate","data":{"token":"x"}}',
    '{"event":"authenticate","data":{"__proto__":{"token":"x","polluted":1},"username":"a"}}',
    '{"event":"authenticate","data":{"constructor":{"prototype":{"polluted":1}},"token":"x"}}',
    '{"constructor":{"prototype":{"polluted":1}},"event":"authenticate","data":{"username":"a"}}',
  ],
  async (lab) => {
    const bodies: object[] = [];
    await lab.start({
      auth: { strategy: 'body' },
      providers: [
        customStrategy('body', ({ body }) => {
          bodies.push(Object.assign({}, body));
          return false;
        }),
      ],
    });
    return async (message) => {
      const peer = await lab.pendingPeer();
      expect((await peer.send(message).closed()).code).toBe(3000);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      for (const body of bodies) {
        expect(Object.getPrototypeOf(body)).toBe(Object.prototype);
        expect('polluted' in body).toBe(false);
      }
    };
  },
);

securityCase(
  'FM-16: holds what comes in one segment with the first message until it is verified',
  async (lab) => {
    const { peer, decide } = await judgedPeer(lab);
    await peer.emit('echo', 1).emit('echo', 2).flushed();
    await turns(20);
    expect(lab.gateway.handled).toEqual([]);
    decide({ id: 'alice' });
    expect((await peer.nextEvent()).event).toBe('authenticated');
    expect(await peer.nextEvent()).toEqual({ event: 'echo', data: 1 });
    expect(await peer.nextEvent()).toEqual({ event: 'echo', data: 2 });
  },
);

securityCase('FM-16: the same for one segment, literally', async (lab) => {
  const peer = await pendingPeer(lab);
  const first = textFrame({ token: lab.token() });
  peer.write(Buffer.concat([first, frameOf('{"event":"echo","data":"second"}')]));
  expect((await peer.nextEvent()).event).toBe('authenticated');
  expect(await peer.nextEvent()).toEqual({ event: 'echo', data: 'second' });
});

preparedTable(
  'FM-17: closes with 1008 when too much is queued behind a slow strategy',
  [
    ['100 messages', 100, 10],
    ['40 KB', 4, 10_000],
  ] as const,
  async (lab) => {
    const judge = customStrategy('judge', () => new Promise(() => undefined));
    await lab.start({ auth: { strategy: 'judge', maxQueuedBytes: 30_000 }, providers: [judge] });
    return async ([, count, size]) => {
      const peer = await lab.pendingPeer();
      const echo = frameOf(JSON.stringify({ event: 'echo', data: 'x'.repeat(size) }));
      const echoes = Array.from({ length: count }, () => echo);
      peer.write(Buffer.concat([textFrame({ token: lab.token() }), ...echoes]));
      expect(await peer.closed()).toEqual({
        code: 1008,
        reason: 'too many messages before authentication',
      });
      expect(lab.gateway.handled).toEqual([]);
    };
  },
);

securityCases(
  ['close', 'finish', 'reset'] as const,
  (leave) =>
    `FM-19: a peer that leaves by ${leave} is cleaned up, before its first message and during the strategy`,
  async (lab, leave) => {
    const { peer, decide } = await judgedPeer(lab);
    const silent = await lab.pendingPeer();
    expect(lab.pending).toBe(2);
    silent[leave]();
    await silent.disconnected();
    await until(() => lab.pending === 1, 'the silent peer stays pending');
    peer[leave]();
    decide({ id: 'alice' });
    await peer[Symbol.asyncDispose]();
    await until(() => lab.pending === 0 && lab.sessions.count() === 0, 'the peer stays');
    const { connected, disconnected } = lab.gateway;
    await until(() => connected.length === disconnected.length, 'a client never disconnects');
  },
);

securityCase('FM-20: closes a forged token with 3000 and a constant reason', async (lab) => {
  const peer = await pendingPeer(lab);
  peer.emit('authenticate', { token: lab.secret(`${lab.canary}x`) });
  expect(await peer.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
});

securityCase('FM-22: handles nothing that comes after a failed authentication', async (lab) => {
  const peer = await pendingPeer(lab);
  const [forged, valid] = ['unknown', lab.token()].map((token) => textFrame({ token })) as [
    Buffer,
    Buffer,
  ];
  const echo = frameOf('{"event":"echo","data":"late"}');
  peer.write(Buffer.concat([forged, echo, valid, echo]));
  expect((await peer.closed({ answer: false })).code).toBe(3000);
  await peer.write(Buffer.concat([valid, echo])).flushed();
  await turns(20);
  expect(lab.gateway.handled).toEqual([]);
  expect(lab.count('authenticated')).toBe(0);
});

securityCase(
  'FM-23: a rejected credential stays rejected where anonymous clients are welcome',
  async (lab) => {
    await lab.start({ auth: { optional: true, credentials: [fromAuthorizationHeader()] } });
    expect(await lab.status({ fields: { authorization: 'Bearer nobody' } })).toBe(401);
    const anonymous = await lab.knock().opened();
    expect((await anonymous.emit('whoami').nextEvent()).data).toEqual({ user: null, via: 'none' });
    anonymous.emit('authenticate', { token: 'nobody' });
    expect(await anonymous.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
    const other = await lab.knock().opened();
    other.emit('authenticate', { token: lab.token('alice') });
    expect(await other.closed()).toEqual({ code: 3003, reason: 'other user' });
  },
);

securityCase('FM-23: optional beside the first message refuses to boot', async (lab) => {
  // A client without a credential would be asked for its first message, and never be a guest.
  const starting = lab.start({ auth: { optional: true } });
  await expect(starting).rejects.toThrow(/^optional: has no effect beside fromFirstMessage\(\)/);
});

securityCase(
  'FM-25: a valid cookie decides, and a message of another user is refused',
  async (lab) => {
    await lab.start({ auth: { credentials: [fromCookie('session'), fromFirstMessage()] } });
    const fields = { cookie: `session=${lab.token('alice')}`, origin: lab.app.origin };
    const peer = await lab.knock({ fields }).opened();
    expect((await peer.emit('whoami').nextEvent()).data).toEqual({
      user: 'alice',
      via: 'fromCookie',
    });
    peer.emit('authenticate', { token: lab.token('bob') });
    expect(await peer.closed()).toEqual({ code: 3003, reason: 'other user' });
  },
);

securityCase(
  'FM-25: a cookie that nothing reads leaves the decision to the message',
  async (lab) => {
    await lab.start();
    const peer = await lab.pendingPeer({ fields: { cookie: 'session=bob' } });
    peer.emit('authenticate', { token: lab.token('alice') });
    await peer.nextEvent();
    expect((await peer.emit('whoami').nextEvent()).data).toMatchObject({ user: 'alice' });
  },
);

securityCase(
  'FM-26: terminates a peer that ignores the close frame within a second',
  async (lab) => {
    const peer = await pendingPeer(lab);
    peer.emit('echo', 1);
    await peer.closed({ answer: false });
    await lab.advance(999);
    await turns(20);
    expect(peer.ended).toBe(false);
    await lab.advance(1);
    await peer.disconnected();
  },
);

securityCase('FM-26: and a session that ignores it within five', async (lab) => {
  await lab.start();
  const alice = await lab.knock({ fields: lab.bearer() }).opened();
  await alice.emit('whoami').nextEvent();
  lab.sessions.disconnect({ userId: 'alice' });
  await alice.closed({ answer: false });
  await lab.advance(4_999);
  await turns(20);
  expect(alice.ended).toBe(false);
  await lab.advance(1);
  await alice.disconnected();
});

securityCase('FM-27: a broadcast does not reach a socket that is pending', async (lab) => {
  const { peer, decide } = await judgedPeer(lab);
  const silent = await lab.pendingPeer();
  expect(lab.gateway.server.clients.size).toBe(0);
  for (const client of lab.gateway.server.clients) {
    client.send('broadcast');
  }
  await silent.barrier();
  expect(lab.app.nest.get(WitnessGateway).connected.length).toBe(0);
  decide({ id: 'alice' });
  expect((await peer.nextEvent()).event).toBe('authenticated');
  expect(lab.gateway.server.clients.size).toBe(1);
});
