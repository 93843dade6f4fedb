import { createServer, type Server } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import { fromAuthorizationHeader, fromCookie, fromQueryParam } from '../../lib/index.js';
import {
  challengesOf,
  fieldOf,
  handshakeOf,
  type HandshakeParts,
  type Lab,
  preparedTable,
  sampleKey,
  securityCase,
  securityTable,
  until,
  WitnessGateway,
} from '../support/invariants.js';
import { frameOf, transcriptOf } from '../support/raw-peer.js';
import { customStrategy } from '../support/strategies.js';
import { verdict } from './verdict.js';
import { turns } from '../support/turns.js';

@WebSocketGateway({ path: '/ws' })
class PathGateway extends WitnessGateway {}

/** A gateway that negotiates compression, so that `ws` parses `Sec-WebSocket-Extensions`. */
@WebSocketGateway({ path: '/deflate', perMessageDeflate: true })
class DeflateGateway extends WitnessGateway {}

const earlyFrame = frameOf('{"event":"echo","data":"early"}');
const atPath = { gateways: [PathGateway] };
const chunked = Buffer.from('5\r\nhello\r\n0\r\n\r\n');

/** A handshake that is good but for one thing, and the answer. */
type Refused = readonly [
  what: string,
  status: number,
  parts: HandshakeParts,
  answered?: Readonly<Record<string, string>>,
];

const field = (name: string, value: string | readonly string[] | undefined): HandshakeParts => ({
  fields: { [name]: value },
});

// One input of each kind: the grammar is in the tables of `test/unit/protocol/handshake.spec.ts`.
securityTable<Refused>(
  'HS-01, HS-02, HS-04, HS-07, HS-10, HS-11, HS-13, HS-14, HS-15, HS-17, HS-20, HS-21, HS-22, HS-24: ' +
    'refuses a handshake that is not one, and no strategy or handler sees it',
  [
    ['HS-01: no Host', 400, field('host', undefined)],
    ['HS-02: two Hosts', 400, field('host', ['a.example', 'b.example'])],
    ['HS-02: a malformed Host', 400, field('host', 'user@host')],
    ['HS-04: a target of another host', 400, { target: 'http://evil.example/ws' }],
    ['HS-07: the target //', 400, { target: '//' }],
    ['HS-07: the target *', 400, { target: '*' }],
    ['HS-10: an unknown path', 404, { target: '/unknown' }, { connection: 'close' }],
    ['HS-10: and no credential', 404, { target: '/unknown', ...field('authorization', undefined) }],
    ['HS-11: a fragment', 400, { target: '/ws#frag?token=x' }],
    ['HS-13: HTTP/1.0', 400, { version: '1.0' }],
    ['HS-13: another method', 405, { method: 'POST' }, { allow: 'GET' }],
    ['HS-14: h2c', 426, field('upgrade', 'h2c'), { connection: 'Upgrade, close' }],
    ['HS-15: a list', 426, field('upgrade', 'websocket, h2c'), { upgrade: 'websocket' }],
    [
      'HS-17: version 12',
      426,
      field('sec-websocket-version', '12'),
      { 'sec-websocket-version': '13' },
    ],
    ['HS-17: two versions', 400, field('sec-websocket-version', ['13', '13'])],
    ['HS-20: no key', 400, field('sec-websocket-key', undefined)],
    ['HS-20: a repeated key', 400, field('sec-websocket-key', [sampleKey, sampleKey])],
    ['HS-21: a body that is announced', 400, field('content-length', '5')],
    ['HS-21: a body', 400, { ...field('content-length', '8'), early: frameOf('{}') }],
    ['HS-22: a chunked body', 400, { ...field('transfer-encoding', 'chunked'), early: chunked }],
    ['HS-24: frames behind it', 400, { early: earlyFrame }],
  ],
  atPath,
  async (lab, [, status, parts, answered = {}]) => {
    const fields = { ...lab.bearer(), ...parts.fields };
    const answer = await lab.answer({ target: '/ws', ...parts, fields });
    expect(answer.status).toBe(status);
    const expected = { 'cache-control': 'no-store', ...answered };
    expect(Object.fromEntries(answer.fields)).toMatchObject(expected);
    expect(lab.count('authenticating')).toBe(0);
    expect(lab.gateway.handled).toEqual([]);
  },
);

securityCase(
  'HS-04: accepts an absolute-form target that names the Host and the path, and no other path',
  async (lab) => {
    await lab.start(atPath);
    const here = `http://127.0.0.1:${lab.port}`;
    await lab.knock({ target: `${here}/ws`, fields: lab.bearer() }).opened();
    expect(await lab.status({ target: `${here}/other`, fields: lab.bearer() })).toBe(404);
  },
);

securityCase(
  'HS-06: never reads //evil.example/ws as an authority, nor as its own origin',
  async (lab) => {
    await lab.start({ ...atPath, auth: { credentials: [fromCookie('session')] } });
    const fields = { cookie: `session=${lab.token()}`, origin: 'https://evil.example' };
    expect(await lab.status({ target: '//evil.example/ws', fields })).toBe(400);
    expect(await lab.status({ target: '/ws', fields })).toBe(403);
  },
);

securityTable(
  'HS-08: refuses a path that is not canonical with 404',
  ['/ws/../admin', '/x/../ws', '/x/%2e%2e/ws', '/./ws', '/ws/', '/%77s', '/ws%2f', '/WS', '/ws;a'],
  atPath,
  async (lab, target) => {
    const answer = await lab.answer({ target, fields: lab.bearer() });
    expect(answer).toMatchObject({ status: 404, body: 'not found\n' });
    expect(lab.count('authenticating')).toBe(0);
  },
);

securityCase(
  'HS-18: refuses draft version 8 and never trusts its Sec-WebSocket-Origin',
  async (lab) => {
    await lab.start(atPath);
    const draft = { 'sec-websocket-version': '8', 'sec-websocket-origin': 'https://good.example' };
    expect(await lab.status({ target: '/ws', fields: { ...lab.bearer(), ...draft } })).toBe(426);
    expect(await lab.status({ target: '/ws', fields: { 'sec-websocket-origin': 'x' } })).toBe(101);
  },
);

/** A client whose strategy waits for the test. */
async function judged(lab: Lab) {
  const { promise, decide } = verdict();
  const slow = customStrategy('slow', () => promise);
  await lab.start({ auth: { strategy: 'slow' }, providers: [slow] });
  const peer = lab.knock({ fields: lab.bearer() });
  await until(() => lab.pending === 1, 'the strategy is never asked');
  return { peer, decide };
}

/** A strategy that must not be asked, with the places of a credential. */
async function startCounting(lab: Lab): Promise<{ asked: number }> {
  const calls = { asked: 0 };
  const credentials = [fromAuthorizationHeader(), fromQueryParam('token'), fromCookie('session')];
  await lab.start({
    auth: { strategy: 'counting', credentials },
    providers: [customStrategy('counting', () => (calls.asked += 1))],
  });
  return calls;
}

securityCase(
  'HS-24: holds frames that come while the strategy thinks until there is a session',
  async (lab) => {
    const { peer, decide } = await judged(lab);
    await peer.write(earlyFrame).flushed();
    await turns(20);
    expect(lab.gateway.handled).toEqual([]);
    decide({ id: 'alice' });
    await peer.opened();
    expect(await peer.nextEvent()).toEqual({ event: 'echo', data: 'early' });
  },
);

securityCase(
  'HS-24: drops frames that come while the strategy thinks when it refuses',
  async (lab) => {
    const { peer, decide } = await judged(lab);
    await peer.write(earlyFrame).flushed();
    decide(false);
    expect((await peer.response()).status).toBe(401);
    await peer.disconnected();
    expect(lab.gateway.handled).toEqual([]);
  },
);

securityCase('HS-25: never executes a request behind a refused upgrade', async (lab) => {
  const requested: string[] = [];
  await lab.start({
    prepare: (nest) =>
      nest.use((request: { url: string }, _response: unknown, next: () => void) => {
        requested.push(request.url);
        next();
      }),
  });
  const second = `GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`;
  const peer = lab.knock({ early: Buffer.from(second) });
  expect((await peer.response()).status).toBe(400);
  const later = lab.knock({ target: '/unknown' });
  expect((await later.response()).status).toBe(404);
  later.write(second);
  await Promise.all([peer.disconnected(), later.disconnected()]);
  expect(transcriptOf(peer.received, true).responses).toHaveLength(1);
  expect(transcriptOf(later.received, true).responses).toHaveLength(1);
  expect(requested).toEqual([]);
});

securityCase('HS-27: answers a token of 100 KB with 431 and closes', async (lab) => {
  await lab.start();
  const peer = lab.knock({ target: `/?token=${'x'.repeat(100_000)}` });
  expect((await peer.response()).status).toBe(431);
  await peer.disconnected();
});

preparedTable(
  'HS-28: refuses a token of 15 KB with 400 and runs no strategy, wherever it stands',
  [
    ['query', (token: string) => ({ target: `/?token=${token}` })],
    ['header', (token: string) => ({ fields: { authorization: `Bearer ${token}` } })],
    ['cookie', (token: string) => ({ fields: { cookie: `session=${token}` } })],
    ['Basic', (token: string) => ({ fields: { authorization: `Basic ${token}` } })],
  ] as const,
  async (lab) => {
    const calls = await startCounting(lab);
    return async ([, parts]) => {
      const answer = await lab.answer(parts('a'.repeat(15_000)));
      expect(answer).toMatchObject({ status: 400, body: 'credential too large\n' });
      expect(calls.asked).toBe(0);
    };
  },
);

preparedTable(
  'HS-30: refuses control characters in the query with 400 and runs no strategy',
  ['a%00b', 'a%0d%0aX-Evil:1', 'a%1b[31m', 'a%7fb', 'a%09b', '%e2%80%a8'],
  async (lab) => {
    const calls = await startCounting(lab);
    return async (value) => {
      const secret = lab.secret(`${lab.canary}${value}`);
      lab.secret(decodeURIComponent(secret));
      expect(await lab.status({ target: `/?token=${secret}` })).toBe(400);
      expect(calls.asked).toBe(0);
    };
  },
);

securityTable(
  'HS-32: refuses bytes outside of ASCII in a Bearer token with 400',
  ['\u00e9\u00ff', 'a\u00e9', 'a\u0080b'],
  {},
  async (lab, token) => {
    expect(await lab.status({ fields: { authorization: `Bearer ${token}` } })).toBe(400);
    expect(lab.refusals).toEqual(['ERR_WS_AUTH_MALFORMED_CREDENTIAL']);
  },
);

function fillerFields(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_none, index) => [`x${index}`, '']));
}

securityTable(
  'HS-33: refuses more than 100 header fields, whatever the last of them holds',
  [101, 1_200, 2_100],
  { auth: { credentials: [fromCookie('session')] } },
  async (lab, count) => {
    const fillers = fillerFields(count);
    const cookie = `session=${lab.token()}`;
    const evil = { ...fillers, cookie, origin: 'https://evil.example' };
    expect([400, 431]).toContain(await lab.status({ fields: evil }));
    expect(lab.count('authenticating')).toBe(0);
  },
);

securityCase('HS-33: knows an Origin that is the last of 100 fields', async (lab) => {
  await lab.start({ auth: { credentials: [fromCookie('session')] } });
  const fillers = fillerFields(93);
  const cookie = `session=${lab.token()}`;
  const evil = { cookie, ...fillers, origin: 'https://evil.example' };
  expect(await lab.status({ fields: evil })).toBe(403);
});

securityTable(
  'HS-35: survives hostile Sec-WebSocket-Extensions',
  ['constructor', ',;__proto__', 'permessage-deflate; server_max_window_bits=99', 'a;b="'],
  { gateways: [DeflateGateway] },
  async (lab, extensions) => {
    const fields = { 'sec-websocket-extensions': extensions };
    const good = { ...fields, ...lab.bearer() };
    expect([101, 400]).toContain(await lab.status({ target: '/deflate', fields: good }));
    expect([101, 400]).toContain(await lab.status({ target: '/deflate', fields }));
    expect(await lab.status({ target: '/good-client', fields: good })).toBe(101);
  },
);

/** Express on a server whose timeouts are short enough to wait for. */
class ImpatientAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const server: Server = createServer(
      { connectionsCheckingInterval: 20, headersTimeout: 60, requestTimeout: 60 },
      this.getInstance(),
    );
    this.setHttpServer(server);
  }
}

securityCase('HS-37: the timeout of the server ends headers that trickle in', async (lab) => {
  await lab.start({ httpAdapter: new ImpatientAdapter() });
  const peer = lab.expectNoAnswer(lab.peer());
  const bytes = handshakeOf({ fields: lab.bearer() }, lab.port);
  let sent = 0;
  peer.socket.on('drain', () => undefined);
  while (!peer.ended) {
    peer.write(bytes.subarray(sent, sent + 1));
    sent = Math.min(sent + 1, bytes.length - 4);
    await turns(50);
  }
  expect(sent).toBeLessThan(bytes.length);
  expect(transcriptOf(peer.received, true).responses.map(({ status }) => status)).not.toContain(
    101,
  );
  expect(lab.pending).toBe(0);
});

securityCase('HS-38: the timeout of the server ends a peer that sends nothing', async (lab) => {
  await lab.start({ httpAdapter: new ImpatientAdapter() });
  const peer = lab.expectNoAnswer(lab.peer());
  await peer.disconnected();
  expect(lab.pending).toBe(0);
  expect(lab.events).toEqual([]);
});

securityCase(
  'HS-40: 10,000 upgrades that ws aborts after authentication leave nothing behind',
  async (lab) => {
    await lab.start({ gateways: [DeflateGateway] });
    const fields = {
      ...lab.bearer(),
      'sec-websocket-extensions': 'permessage-deflate; server_max_window_bits=99',
    };
    const round = async (size: number) => {
      const peers = Array.from({ length: size }, () => lab.knock({ target: '/deflate', fields }));
      for (const peer of peers) {
        expect((await peer.response()).status).toBe(400);
        peer.reset();
      }
      lab.peers.length = 0;
    };
    const rounds = async (count: number) => {
      for (let index = 0; index < count; index += 1) {
        await round(100);
      }
      await until(() => lab.pending === 0, 'attempts are still pending');
      lab.events.length = 0;
      lab.lines.length = 0;
      return heapInUse();
    };
    const before = await rounds(10);
    const after = await rounds(90);
    expect(lab.sessions.count()).toBe(0);
    expect(lab.gateway.connected.length).toBe(0);
    expect(after - before).toBeLessThan(4 * 1_048_576);
  },
  60_000,
);

securityCase(
  'HS-40: a socket that is gone when the strategy accepts gets no session',
  async (lab) => {
    const { peer, decide } = await judged(lab);
    peer.reset();
    await until(() => lab.pending === 0, 'the attempt stays pending');
    decide({ id: 'alice' });
    await turns(20);
    expect(lab.count('authenticated')).toBe(0);
    expect(lab.gateway.connected.length).toBe(0);
  },
);

securityCase(
  'HS-40: what ws refuses after authentication is refused as everything else is',
  async (lab) => {
    await lab.start({ gateways: [DeflateGateway] });
    const fields = { 'sec-websocket-extensions': 'permessage-deflate; server_max_window_bits=99' };
    const answer = await lab.answer({ target: '/deflate', fields: { ...lab.bearer(), ...fields } });
    expect(answer.status).toBe(400);
    expect(fieldOf(answer.fields, 'cache-control')).toBe('no-store');
    expect(fieldOf(answer.fields, 'content-type')).toBe('text/plain; charset=utf-8');
    expect(challengesOf(answer)).toEqual([]);
    expect(lab.refusals).toHaveLength(1);
  },
);

/** Bytes on the heap after a collection. */
async function heapInUse(): Promise<number> {
  const { collectGarbage } = await import('./memory.js');
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
