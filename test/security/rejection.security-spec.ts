import { deflateRawSync } from 'node:zlib';
import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { fromQueryParam, fromSubprotocol, type WsAuthModuleOptions } from '../../lib/index.js';
import { freePort } from '../support/app.js';
import {
  fieldOf,
  securityCase,
  securityCases,
  securityTable,
  until,
  WitnessGateway,
  type HandshakeParts,
  type Lab,
} from '../support/invariants.js';
import { frameOf, opcodes, withWatchdog, type RawPeer } from '../support/raw-peer.js';
import { bearerOf, customStrategy } from '../support/strategies.js';
import { turns } from '../support/turns.js';

const origin = { origin: 'https://app.example.com' };
const rejected = { code: 3000, reason: 'credential rejected' };
const page: HandshakeParts = { fields: { ...origin, authorization: 'Bearer nobody' } };

/** A page whose bad token has just been answered by a 101. */
async function refusedPeer(lab: Lab, auth: WsAuthModuleOptions = {}): Promise<RawPeer> {
  await lab.start({ auth: { rejection: 'auto', ...auth } });
  return lab.knock(page).opened();
}

securityCase('a socket that is accepted to be refused reaches no gateway', async (lab) => {
  const peer = await refusedPeer(lab);
  peer
    .emit('authenticate', { token: lab.token() })
    .emit('whoami')
    .emit('echo', 1)
    .write(frameOf('', { opcode: opcodes.ping }));
  await peer.flushed();
  expect(await peer.closed({ answer: false })).toEqual(rejected);
  peer.emit('authenticate', { token: lab.token() }).emit('echo', 2);
  await peer.flushed();
  await turns(20);
  expect(lab.gateway.server.clients.size).toBe(0);
  expect(lab.sessions.count()).toBe(0);
  expect(lab.pending).toBe(1);
  expect(lab.gateway).toMatchObject({ connected: [], disconnected: [], handled: [] });
  expect(lab.refusals).toEqual(['ERR_WS_AUTH_CREDENTIAL_REJECTED']);
  await lab.advance(999);
  await turns(20);
  expect(peer.ended, 'ended before the second is over').toBe(false);
  await lab.advance(1);
  await peer.disconnected();
  expect(lab.gateway).toMatchObject({ connected: [], disconnected: [], handled: [] });
});

securityCase(
  'a refused page that answers the close frame is destroyed immediately',
  async (lab) => {
    const peer = await refusedPeer(lab);
    expect(await peer.closed()).toEqual(rejected);
    await peer.disconnected();
    await until(() => lab.pending === 0, 'the place is not given back');
  },
);

securityCases(
  ['resets', 'finishes'] as const,
  (how) => `a refused page that ${how} gives its place back`,
  async (lab, how) => {
    const peer = await refusedPeer(lab);
    if (how === 'resets') {
      peer.reset();
    } else {
      peer.finish();
    }
    await until(() => lab.pending === 0, 'the place is not given back');
  },
);

securityCase('a refused page counts as pending until it is closed', async (lab) => {
  const peers = [await refusedPeer(lab, { maxPendingPerAddress: 2 })];
  peers.push(await lab.knock(page).opened());
  const answer = await lab.answer(page);
  expect(answer).toMatchObject({ status: 429, body: 'too many attempts\n' });
  expect(fieldOf(answer.fields, 'retry-after')).toBe('1');
  for (const peer of peers) {
    expect(await peer.closed()).toEqual(rejected);
    await peer.disconnected();
  }
  await until(() => lab.pending === 0, 'the places are not given back');
  expect(await (await lab.knock(page).opened()).closed()).toEqual(rejected);
});

securityCase('a client beyond maxPending is answered by HTTP, which costs less', async (lab) => {
  const peer = await refusedPeer(lab, { rejection: 'close', maxPending: 1 });
  const answer = await lab.answer(page);
  expect(answer).toMatchObject({ status: 503, body: 'too many pending connections\n' });
  await peer.closed();
});

/** What `ws` complained about. */
const complaints: unknown[] = [];

class ComplainingWebSocket extends WebSocket {
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'error') {
      complaints.push((args[0] as { readonly code?: unknown }).code);
    }
    return super.emit(event, ...args);
  }
}

@WebSocketGateway({ WebSocket: ComplainingWebSocket })
class ComplainingGateway extends WitnessGateway {}

securityCase('what a refused page sends is bounded as before a session', async (lab) => {
  complaints.length = 0;
  await lab.start({ auth: { rejection: 'auto' }, gateways: [ComplainingGateway] });
  const peer = await lab.knock(page).opened();
  peer.send('x'.repeat(100_000));
  await until(() => complaints.length > 0, 'the message is read, however large it is');
  expect(complaints).toEqual(['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH']);
  expect(await peer.closed({ answer: false })).toEqual(rejected);
  await lab.advance(1_000);
  await peer.disconnected();
});

securityCase('shutting down cuts refused pages off without waiting for them', async (lab) => {
  // Nothing but the adapter ends the sockets of a port of its own.
  const port = await freePort();
  @WebSocketGateway(port)
  class PortGateway extends WitnessGateway {}
  await lab.start({ auth: { rejection: 'auto' }, gateways: [PortGateway] });
  const peers = [await lab.knock(page, port).opened(), await lab.knock(page, port).opened()];
  await withWatchdog(lab.shutDown(), 'shutting down waits for refused pages');
  for (const peer of peers) {
    await peer.disconnected();
  }
  expect(lab.pending).toBe(0);
});

securityCase('shutting down answers pages on their way in with 503', async (lab) => {
  const hanging = customStrategy('hanging', () => new Promise(() => undefined));
  await lab.start({ auth: { rejection: 'close', strategy: 'hanging' }, providers: [hanging] });
  const peer = lab.knock(page);
  await until(() => lab.pending === 1, 'the strategy is not asked');
  const closed = lab.shutDown();
  expect(await peer.response()).toMatchObject({ status: 503, body: 'server shutting down\n' });
  await closed;
});

securityTable<[what: string, status: number, parts: HandshakeParts]>(
  'a handshake that is not one is not accepted to be closed',
  [
    ['a malformed key', 400, { fields: { ...origin, 'sec-websocket-key': 'short' } }],
    ['a body', 400, { fields: { ...origin, 'content-length': '5' }, early: Buffer.from('hello') }],
    ['early data', 400, { fields: origin, early: frameOf('early') }],
    ['no host', 400, { fields: { ...origin, host: undefined } }],
    ['another version', 426, { fields: { ...origin, 'sec-websocket-version': '8' } }],
    ['another method', 405, { method: 'POST', fields: origin }],
    ['an unknown path', 404, { target: '/unknown', fields: origin }],
  ],
  { auth: { rejection: 'close' } },
  async (lab, [, status, parts]) => {
    expect(await lab.status(parts)).toBe(status);
    expect(lab.refusals).toHaveLength(1);
    expect(lab.pending).toBe(0);
  },
);

securityCase('a refused page is never answered the subprotocol with its token', async (lab) => {
  await lab.start({
    auth: { credentials: [fromSubprotocol()], rejection: 'auto' },
  });
  const bad = lab.secret('bearer.nobody-knows-this-token');
  const offers = [`${bad}, chat`, `chat, ${bad}`, bad];
  const answers = [];
  for (const offer of offers) {
    const peer = lab.knock({ fields: { ...origin, 'sec-websocket-protocol': offer } });
    const { status, fields } = await peer.response();
    answers.push([status, fieldOf(fields, 'sec-websocket-protocol'), (await peer.closed()).reason]);
  }
  expect(answers).toEqual([
    [101, 'chat', 'credential rejected'],
    [101, 'chat', 'credential rejected'],
    [101, undefined, 'malformed credential'],
  ]);
});

@WebSocketGateway({ perMessageDeflate: true })
class DeflatingGateway extends WitnessGateway {}

securityCase('a bad extension is refused once, by HTTP', async (lab) => {
  await lab.start({ auth: { rejection: 'close' }, gateways: [DeflatingGateway] });
  const fields = { ...page.fields, 'sec-websocket-extensions': ';;' };
  expect(await lab.status({ fields })).toBe(400);
  expect(lab.refusals).toEqual(['ERR_WS_AUTH_MALFORMED_HANDSHAKE']);
  expect(lab.pending).toBe(0);
});

securityCase('a refused page inflates no more than it may send', async (lab) => {
  await lab.start({ auth: { rejection: 'auto' }, gateways: [DeflatingGateway] });
  const fields = { ...page.fields, 'sec-websocket-extensions': 'permessage-deflate' };
  const peer = await lab.knock({ fields }).opened();
  const bomb = deflateRawSync(Buffer.alloc(10_000_000));
  peer.write(frameOf(bomb, { rsv: 4 }));
  expect(await peer.closed({ answer: false })).toEqual(rejected);
  await lab.advance(1_000);
  await peer.disconnected();
});

@WebSocketGateway({
  handleProtocols: () => {
    throw new Error('no protocol for anybody');
  },
})
class ThrowingGateway extends WitnessGateway {}

securityCase('a gateway that fails to choose a subprotocol refuses by HTTP', async (lab) => {
  await lab.start({ auth: { rejection: 'close' }, gateways: [ThrowingGateway] });
  const fields = { ...page.fields, 'sec-websocket-protocol': 'chat' };
  expect(await lab.answer({ fields })).toMatchObject({
    status: 401,
    body: 'credential rejected\n',
  });
  expect(lab.refusals).toEqual(['ERR_WS_AUTH_CREDENTIAL_REJECTED']);
});

securityCase('a close frame of a refused page reveals nothing of its credential', async (lab) => {
  const leaking = customStrategy('leaking', (request) => {
    throw new Error(`no such token: ${bearerOf(request)}`);
  });
  await lab.start({
    auth: { strategy: 'leaking', credentials: [fromQueryParam('token')], rejection: 'auto' },
    providers: [leaking],
  });
  const peer = await lab.knock({ target: `/?token=${lab.canary}`, fields: origin }).opened();
  expect(await peer.closed()).toEqual({ code: 1011, reason: 'authentication failed' });
});

securityCase('a thousand refused pages leave nothing behind', async (lab) => {
  await lab.start({ auth: { rejection: 'auto', maxPendingPerAddress: 1_000 } });
  for (let round = 0; round < 10; round += 1) {
    const peers = Array.from({ length: 100 }, () => lab.knock(page));
    for (const peer of peers) {
      expect(await (await peer.opened()).closed()).toEqual(rejected);
    }
  }
  await until(() => lab.pending === 0, 'places are not given back');
  expect(lab.count('refused')).toBe(1_000);
});
