import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromQueryParam,
  fromSubprotocol,
} from '../../lib/index.js';
import { freePort } from '../support/app.js';
import { securityCase, until, WitnessGateway, type Lab } from '../support/invariants.js';
import { RawPeer, transcriptOf } from '../support/raw-peer.js';
import { bearerOf, customStrategy } from '../support/strategies.js';
import { handshakeHolds, type ValidCredential } from './handshake-oracle.js';
import { mutate, random, type Random } from './mutations.js';

const inputs = Number(process.env['FUZZ_INPUTS'] ?? 20_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const parallel = 64;

/** Constant, as all of the input is, so that a seed states everything. */
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
const host = 'gateway.example';

/** One thing that was sent, with what is needed to send it again. */
interface Attempt {
  readonly number: number;
  readonly bytes: Buffer;
  readonly port: number;
}

/** The handshakes that are mutated: one for each way a credential travels, and one with none. */
function basesFor(path: string): Buffer[] {
  const head = (target: string, ...lines: string[]) =>
    Buffer.from(
      [
        `GET ${target} HTTP/1.1`,
        `Host: ${host}`,
        'Upgrade: websocket',
        'Connection: keep-alive, Upgrade',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version: 13',
        ...lines,
        '',
        '',
      ].join('\r\n'),
      'latin1',
    );
  const origin = `Origin: http://${host}`;
  return [
    head(path, `Authorization: Bearer ${token}`, 'User-Agent: fuzzer'),
    head(`${path}?room=1&token=${token}`, origin),
    head(path, `Sec-WebSocket-Protocol: chat, bearer.${token}`),
    head(path, `Cookie: a=b; session=${token}; c=d`, origin),
    head(path, origin, 'Sec-WebSocket-Extensions: permessage-deflate'),
    head(`http://${host}${path}`, `Authorization: Bearer ${token}`),
  ];
}

/** Sends the bytes and a FIN, and returns all that comes back. */
async function exchange({ bytes, port }: Attempt): Promise<Buffer> {
  const peer = new RawPeer(port);
  peer.write(bytes).finish();
  await peer.disconnected();
  peer.socket.destroy();
  return peer.received;
}

/** Holds one answer against what the input deserves. */
function judge(attempt: Attempt, received: Buffer, valid: ValidCredential): number[] {
  const input = `input ${attempt.number} of seed ${seed}: ${JSON.stringify(attempt.bytes.toString('latin1'))}`;
  let statuses: number[];
  try {
    const { responses, rest, frames } = transcriptOf(received, true);
    statuses = responses.map(({ status }) => status);
    const headless = /HEAD /.test(attempt.bytes.toString('latin1'));
    expect(rest.length === 0 || headless, `stray bytes after ${input}`).toBe(true);
    expect(frames.filter(({ opcode }) => opcode !== 8).length, `frames for ${input}`).toBe(0);
    const byApplication = responses.some(({ body }) => body.includes('Cannot '));
    expect(byApplication || !received.includes(valid.token), `the token after ${input}`).toBe(true);
  } catch (error) {
    throw new Error(`a malformed response to ${input}: ${received.toString('latin1')}`, {
      cause: error,
    });
  }
  if (statuses.includes(101) && !handshakeHolds(attempt.bytes.toString('latin1'), valid)) {
    throw new Error(`101 to ${input}`);
  }
  return statuses;
}

/** Sends one share of the inputs, one after the other. */
async function work(
  lab: Lab,
  next: () => Attempt | undefined,
  valid: ValidCredential,
  tally: Map<string, number>,
): Promise<void> {
  for (let attempt = next(); attempt; attempt = next()) {
    const statuses = judge(attempt, await exchange(attempt), valid);
    const outcome = statuses.join('+') || 'nothing';
    tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
    if (attempt.number % 500 === 0) {
      lab.lines.length = 0;
      lab.events.length = 0;
    }
  }
}

function attempts(dice: Random, targets: readonly { port: number; bases: readonly Buffer[] }[]) {
  let number = 0;
  return (): Attempt | undefined => {
    if (number >= inputs) {
      return undefined;
    }
    const { port, bases } = targets[number % targets.length]!;
    number += 1;
    return { number, port, bytes: mutate(dice.pick(bases), bases, dice) };
  };
}

securityCase(
  `${inputs} mutated handshakes open no session, and leave nothing behind (seed ${seed})`,
  async (lab) => {
    const ownPort = await freePort();
    @WebSocketGateway({ path: '/ws' })
    class SharedPortGateway extends WitnessGateway {}
    @WebSocketGateway(ownPort, { path: '/ws' })
    class OwnPortGateway extends WitnessGateway {}
    await lab.start({
      gateways: [SharedPortGateway, OwnPortGateway],
      providers: [
        customStrategy('constant', (request) => bearerOf(request) === token && { id: 'alice' }),
      ],
      auth: {
        strategy: 'constant',
        credentials: [
          fromAuthorizationHeader({ schemes: ['Bearer'] }),
          fromQueryParam('token'),
          fromSubprotocol(),
          fromCookie('session'),
        ],
      },
    });
    const targets = [lab.port, ownPort].map((port) => ({
      port,
      bases: basesFor('/ws'),
    }));
    const tally = new Map<string, number>();
    const next = attempts(random(seed), targets);
    const valid = { token, path: '/ws' };
    await Promise.all(Array.from({ length: parallel }, () => work(lab, next, valid, tally)));
    await until(() => lab.pending === 0 && lab.sessions.count() === 0, 'something is left behind');
    const shared = (outcome: string) => (tally.get(outcome) ?? 0) / inputs;
    expect(shared('nothing'), 'share of inputs that got no answer').toBeLessThan(0.02);
    expect(shared('101'), 'share of inputs that stayed good').toBeGreaterThan(0.01);
    expect(shared('400'), 'share of inputs that were malformed').toBeGreaterThan(0.1);
    expect(shared('500'), 'share of inputs that broke a strategy').toBe(0);
    for (const { bases, port } of targets) {
      const statuses = await Promise.all(
        bases.map(async (bytes) =>
          judge({ number: 0, bytes, port }, await exchange({ number: 0, bytes, port }), valid),
        ),
      );
      expect(statuses).toEqual([[101], [101], [101], [101], [401], [101]]);
    }
  },
  Math.max(60_000, inputs * 6),
);
