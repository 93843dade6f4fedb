import { expect } from 'vitest';
import { securityCase, until, type Lab } from '../support/invariants.js';
import { frameOf, type RawPeer } from '../support/raw-peer.js';
import { collectGarbage } from './memory.js';

const size = 2_000;
const perAddress = 500;
const auth = { maxPending: size, maxPendingPerAddress: perAddress, trustProxy: 'loopback' };
const goodFields = { 'x-forwarded-for': '198.51.100.1' };

/** Each attacker address opens as many sockets as it may. */
const from = (index: number) => ({
  'x-forwarded-for': `203.0.113.${Math.floor(index / perAddress) + 1}`,
});

/** A good client connects and gets an answer. */
async function welcomeGoodClient(lab: Lab): Promise<void> {
  const peer = await lab.knock({ fields: { ...lab.bearer(), ...goodFields } }).opened();
  await peer.emit('whoami').nextEvent();
  peer.reset();
}

/** Opens sockets in groups, so that the backlog of the listener suffices. */
async function flood(lab: Lab): Promise<RawPeer[]> {
  const peers: RawPeer[] = [];
  while (peers.length < size) {
    const group = Array.from({ length: 100 }, (_none, index) =>
      lab.pendingPeer({ fields: from(peers.length + index) }),
    );
    peers.push(...(await Promise.all(group)));
  }
  return peers;
}

function heap(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A flood with the room for one good client left, which connects all the same. */
async function survive(lab: Lab): Promise<RawPeer[]> {
  await lab.start({ auth: { ...auth, maxPending: size + 1 }, goodFields });
  await welcomeGoodClient(lab);
  const heapBefore = heap();
  const peers = await flood(lab);
  expect(lab.pending).toBe(size);
  const perSocket = (heap() - heapBefore) / size;
  expect(perSocket, 'bytes for both ends of a socket that waits').toBeLessThan(64 * 1_024);
  await welcomeGoodClient(lab);
  const tooMany = await lab.answer({ fields: from(0) });
  expect(tooMany.status).toBe(429);
  expect(lab.gateway.violations).toEqual([]);
  return peers;
}

securityCase(
  '2,000 sockets that never authenticate keep no good client out, and are closed with 3008',
  async (lab) => {
    const peers = await survive(lab);
    await lab.advance(5_000);
    for (const peer of peers) {
      expect(await peer.closed()).toEqual({ code: 3008, reason: 'authentication timed out' });
    }
    await until(() => lab.pending === 0, 'sockets are still pending');
  },
  120_000,
);

securityCase(
  '2,000 sockets that never authenticate do not keep the application from closing',
  async (lab) => {
    const peers = await survive(lab);
    const closed = lab.shutDown();
    for (const peer of peers) {
      expect(await peer.closed()).toEqual({ code: 1001, reason: 'server shutting down' });
    }
    await closed;
  },
  120_000,
);

securityCase(
  '2,000 first messages that trickle in byte by byte are closed with 3008 as well',
  async (lab) => {
    await lab.start({ auth: { ...auth, maxPending: size + 1 }, goodFields });
    const peers = await flood(lab);
    const message = frameOf('{"event":"authenticate","data":{"token":"x"}}');
    for (let second = 0; second < 5; second += 1) {
      peers.forEach((peer) => peer.write(message.subarray(second, second + 1)));
      await Promise.all(peers.map((peer) => peer.flushed()));
      await lab.advance(1_000);
    }
    // A socket keeps its slot until it is closed: here until the time for an answer to the close frame is over.
    await lab.advance(1_000);
    await until(() => lab.pending === 0, 'sockets are still pending');
    for (const peer of peers) {
      expect((await peer.closed({ answer: false })).code).toBe(3008);
    }
  },
  120_000,
);

securityCase(
  'a full server answers 503 with Retry-After, and frees every slot that is left',
  async (lab) => {
    await lab.start({ auth: { ...auth, maxPending: 100, maxPendingPerAddress: 100 }, goodFields });
    const waiting = await Promise.all(Array.from({ length: 100 }, () => lab.pendingPeer()));
    for (let round = 0; round < 50; round += 1) {
      const turnedAway = await Promise.all(Array.from({ length: 20 }, () => lab.status()));
      expect(new Set(turnedAway)).toEqual(new Set([503]));
    }
    waiting.forEach((peer) => peer.reset());
    await until(() => lab.pending === 0, 'places are never freed');
  },
);
