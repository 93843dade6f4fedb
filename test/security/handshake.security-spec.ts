import { createServer, type Server } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import { fromCookie, fromQueryParam } from '../../lib/index.js';
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

/** Sends one handshake that is good but for the change, and expects that no strategy saw it. */
async function refusedBy(lab: Lab, parts: HandshakeParts, status: number) {
  const answer = await lab.answer({
    target: '/ws',
    ...parts,
    fields: { ...lab.bearer(), ...parts.fields },
  });
  expect(answer.status).toBe(status);
  expect(fieldOf(answer.fields, 'cache-control')).toBe('no-store');
  expect(lab.count('authenticating')).toBe(0);
  return answer;
}

/** The same, by an application of its own. */
async function refused(lab: Lab, parts: HandshakeParts, status: number) {
  await lab.start({ gateways: [PathGateway] });
  return refusedBy(lab, parts, status);
}

securityCase('HS-01: refuses a handshake without Host with 400', (lab) =>
  refused(lab, { fields: { host: undefined } }, 400),
);

securityTable(
  'HS-02: refuses two Host lines with 400',
  [
    ['equal', ['a.example', 'a.example']],
    ['different', ['a.example', 'b.example']],
  ] as const,
  { gateways: [PathGateway] },
  (lab, [, host]) => refusedBy(lab, { fields: { host } }, 400),
);

securityTable(
  'HS-02: refuses a malformed Host with 400',
  ['a b', 'user@host', 'host/path', 'host?x', 'host#x', 'ho\\st', '', 'host:port', '[::1', 'a,b c'],
  { gateways: [PathGateway] },
  (lab, host) => refusedBy(lab, { fields: { host } }, 400),
);

securityCase(
  'HS-04: accepts an absolute-form target that names the Host and the path',
  async (lab) => {
    await lab.start({ gateways: [PathGateway] });
    const target = `http://127.0.0.1:${lab.port}/ws`;
    await lab.knock({ target, fields: lab.bearer() }).opened();
  },
);

securityTable(
  'HS-04: refuses an absolute-form target of another host, whatever the Host header names',
  [
    ['http://evil.example/ws', 400],
    ['http://evil.example:80@127.0.0.1/ws', 400],
    ['https://evil.example/ws?token=x', 400],
    ['ftp://127.0.0.1/ws', 404],
  ] as const,
  { gateways: [PathGateway] },
  async (lab, [target]) => {
    expect([400, 404]).toContain(await lab.status({ target, fields: lab.bearer() }));
    expect(lab.count('authenticating')).toBe(0);
  },
);

securityCase('HS-04: refuses an absolute-form target with another path with 404', async (lab) => {
  await lab.start({ gateways: [PathGateway] });
  const target = `http://127.0.0.1:${lab.port}/other`;
  expect(await lab.status({ target, fields: lab.bearer() })).toBe(404);
});

securityCase(
  'HS-06: never reads //evil.example/ws as an authority, nor as its own origin',
  async (lab) => {
    await lab.start({ gateways: [PathGateway], auth: { credentials: [fromCookie('session')] } });
    const fields = { cookie: `session=${lab.token()}`, origin: 'https://evil.example' };
    expect(await lab.status({ target: '//evil.example/ws', fields })).toBe(400);
    expect(await lab.status({ target: '/ws', fields })).toBe(403);
  },
);

securityTable(
  'HS-07: refuses a malformed target without throwing',
  ['//', '//a:99999/ws', '///ws', 'http:////ws', '*', 'ws', '?token=x'],
  { gateways: [PathGateway] },
  async (lab, target) => {
    expect([400, 404]).toContain(await lab.status({ target, fields: lab.bearer() }));
    expect(lab.count('authenticating')).toBe(0);
  },
);

securityTable(
  'HS-08: refuses a path that is not canonical with 404',
  ['/ws/../admin', '/x/../ws', '/x/%2e%2e/ws', '/./ws', '/ws/', '/ws/.', '/%77s', '/WS', '/ws;a'],
  { gateways: [PathGateway] },
  (lab, target) => refusedBy(lab, { target }, 404),
);

securityCase('HS-10: answers an unknown path with 404 and closes the connection', async (lab) => {
  const { body, fields } = await refused(lab, { target: '/unknown' }, 404);
  expect(body).toBe('not found\n');
  expect(fieldOf(fields, 'connection')).toBe('close');
  await lab.peers[0]!.disconnected();
});

securityCase(
  'HS-10: an unknown path is unknown before its handshake is anything else',
  async (lab) => {
    await refused(lab, { target: '/unknown', fields: { authorization: undefined } }, 404);
  },
);

securityTable(
  'HS-11: refuses a target with a fragment with 400',
  ['/ws#frag?token=x', '/ws#', '/ws?x=1#frag'],
  { gateways: [PathGateway] },
  (lab, target) => refusedBy(lab, { target }, 400),
);

securityCase('HS-13: refuses a handshake over HTTP/1.0 with 400', (lab) =>
  refused(lab, { version: '1.0' }, 400),
);

securityTable(
  'HS-13: refuses a handshake by another method than GET with 405',
  ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'],
  { gateways: [PathGateway] },
  async (lab, method) => {
    const { fields } = await refusedBy(lab, { method }, 405);
    expect(fieldOf(fields, 'allow')).toBe('GET');
  },
);

securityTable(
  'HS-14: answers another protocol in Upgrade with 426 that names websocket',
  ['h2c', 'HTTP/2.0', 'websocket2', 'web socket', 'TLS/1.0'],
  { gateways: [PathGateway] },
  async (lab, upgrade) => {
    const { fields } = await refusedBy(lab, { fields: { upgrade } }, 426);
    expect(fieldOf(fields, 'upgrade')).toBe('websocket');
    expect(fieldOf(fields, 'connection')).toBe('Upgrade, close');
  },
);

securityTable(
  'HS-15: answers a list of protocols in Upgrade with 426',
  ['websocket, h2c', 'h2c, websocket'],
  { gateways: [PathGateway] },
  async (lab, upgrade) => {
    const { fields } = await refusedBy(lab, { fields: { upgrade } }, 426);
    expect(fieldOf(fields, 'upgrade')).toBe('websocket');
  },
);

securityTable(
  'HS-17: answers another version with 426 that names 13',
  ['12', '14', '0', '', '0xd', '13.0', '1.3e1', '013', '+13', '13, 8'],
  { gateways: [PathGateway] },
  async (lab, version) => {
    const { fields } = await refusedBy(lab, { fields: { 'sec-websocket-version': version } }, 426);
    expect(fieldOf(fields, 'sec-websocket-version')).toBe('13');
  },
);

securityCase('HS-17: refuses two version lines', (lab) =>
  refused(lab, { fields: { 'sec-websocket-version': ['13', '13'] } }, 400),
);

securityCase(
  'HS-18: refuses draft version 8 and never trusts its Sec-WebSocket-Origin',
  async (lab) => {
    const fields = { 'sec-websocket-version': '8', 'sec-websocket-origin': 'https://good.example' };
    await refused(lab, { fields }, 426);
    expect(await lab.status({ target: '/ws', fields: { 'sec-websocket-origin': 'x' } })).toBe(101);
  },
);

securityTable(
  'HS-20: refuses a missing, malformed or repeated key with 400',
  [
    ['no', undefined],
    ['an empty', ''],
    ['a 15-byte', Buffer.alloc(15).toString('base64')],
    ['a 17-byte', Buffer.alloc(17).toString('base64')],
    ['an unpadded', sampleKey.slice(0, -2)],
    ['a base64url', 'dGhlIHNhbXBsZSBub25j-_=='],
    ['a repeated', [sampleKey, sampleKey]],
  ] as const,
  { gateways: [PathGateway] },
  (lab, [, key]) => refusedBy(lab, { fields: { 'sec-websocket-key': key } }, 400),
);

const earlyFrame = frameOf('{"event":"echo","data":"early"}');

securityCase('HS-21: refuses a body, and never reads it as frames', async (lab) => {
  const early = frameOf('{}');
  await refused(lab, { fields: { 'content-length': String(early.length) }, early }, 400);
  expect(lab.gateway.handled).toEqual([]);
});

securityCase('HS-21: refuses a body that is only announced', (lab) =>
  refused(lab, { fields: { 'content-length': '5' } }, 400),
);

securityCase('HS-22: refuses a chunked body', async (lab) => {
  const early = Buffer.from('5\r\nhello\r\n0\r\n\r\n');
  await refused(lab, { fields: { 'transfer-encoding': 'chunked' }, early }, 400);
});

securityCase('HS-22: refuses Transfer-Encoding beside Content-Length', async (lab) => {
  await lab.start({ gateways: [PathGateway] });
  const fields = { ...lab.bearer(), 'content-length': '0', 'transfer-encoding': 'chunked' };
  expect(await lab.status({ target: '/ws', fields })).toBe(400);
});

securityCase('HS-24: refuses frames that are pipelined behind a good handshake', async (lab) => {
  await refused(lab, { early: earlyFrame }, 400);
  expect(lab.gateway.handled).toEqual([]);
});

securityCase(
  'HS-24: holds frames that come while the strategy thinks until there is a session',
  async (lab) => {
    const { promise, decide } = verdict();
    await lab.start({
      auth: { strategy: 'slow' },
      providers: [customStrategy('slow', () => promise)],
    });
    const peer = lab.knock({ fields: lab.bearer() });
    await until(() => lab.pending === 1, 'the strategy is never asked');
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
    const { promise, decide } = verdict();
    await lab.start({
      auth: { strategy: 'slow' },
      providers: [customStrategy('slow', () => promise)],
    });
    const peer = lab.knock({ fields: lab.bearer() });
    await until(() => lab.pending === 1, 'the strategy is never asked');
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
    let asked = 0;
    const { fromAuthorizationHeader } = await import('../../lib/index.js');
    await lab.start({
      auth: {
        strategy: 'counting',
        credentials: [fromAuthorizationHeader(), fromQueryParam('token'), fromCookie('session')],
      },
      providers: [customStrategy('counting', () => (asked += 1))],
    });
    return async ([, parts]) => {
      const answer = await lab.answer(parts('a'.repeat(15_000)));
      expect(answer).toMatchObject({ status: 400, body: 'credential too large\n' });
      expect(asked).toBe(0);
    };
  },
);

preparedTable(
  'HS-30: refuses control characters in the query with 400 and runs no strategy',
  ['a%00b', 'a%0d%0aX-Evil:1', 'a%1b[31m', 'a%7fb', 'a%09b', '%e2%80%a8'],
  async (lab) => {
    let asked = 0;
    await lab.start({
      auth: { strategy: 'counting', credentials: [fromQueryParam('token')] },
      providers: [customStrategy('counting', () => (asked += 1))],
    });
    return async (value) => {
      const secret = lab.secret(`${lab.canary}${value}`);
      lab.secret(decodeURIComponent(secret));
      expect(await lab.status({ target: `/?token=${secret}` })).toBe(400);
      expect(asked).toBe(0);
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

securityTable(
  'HS-33: refuses more than 100 header fields, whatever the last of them holds',
  [101, 1_200, 2_100],
  { auth: { credentials: [fromCookie('session')] } },
  async (lab, count) => {
    const fillers = Object.fromEntries(Array.from({ length: count }, (_none, i) => [`x${i}`, '']));
    const cookie = `session=${lab.token()}`;
    const evil = { ...fillers, cookie, origin: 'https://evil.example' };
    expect([400, 431]).toContain(await lab.status({ fields: evil }));
    expect(lab.count('authenticating')).toBe(0);
  },
);

securityCase('HS-33: knows an Origin that is the last of 100 fields', async (lab) => {
  await lab.start({ auth: { credentials: [fromCookie('session')] } });
  const fillers = Object.fromEntries(Array.from({ length: 93 }, (_none, i) => [`x${i}`, '']));
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
    const { promise, decide } = verdict();
    await lab.start({
      auth: { strategy: 'slow' },
      providers: [customStrategy('slow', () => promise)],
    });
    const peer = lab.knock({ fields: lab.bearer() });
    await until(() => lab.pending === 1, 'the strategy is never asked');
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
