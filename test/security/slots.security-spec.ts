import type { IncomingMessage } from 'node:http';
import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import { fromQueryParam, type FailureLimiter, type WsAuthModuleOptions } from '../../lib/index.js';
import {
  securityCase,
  securityCases,
  until,
  WitnessGateway,
  type CaseOptions,
  type Lab,
} from '../support/invariants.js';
import type { RawPeer } from '../support/raw-peer.js';
import { customStrategy } from '../support/strategies.js';
import { verdict } from './verdict.js';

const behindProxy = { trustProxy: 'loopback' };
const from = (address: string) => ({ 'x-forwarded-for': address });
const goodFields = from('198.51.100.200');

/** Work of the application that a test ends by itself, and how many runs of it there are. */
function work<Said>(said: Said) {
  const { promise, decide } = verdict();
  const run = { started: 0, ended: 0 };
  return {
    run,
    end: () => decide({}),
    begin: async (): Promise<Said> => {
      run.started += 1;
      await promise;
      run.ended += 1;
      return said;
    },
  };
}

type Work = ReturnType<typeof work<never>>;

@WebSocketGateway({
  verifyClient: (_info: unknown, answer: (verified: boolean) => void) => {
    void verifying?.begin().then(() => answer(false));
  },
})
class VerifyingGateway extends WitnessGateway {}

let verifying: Work | undefined;

/** Every place where code of the application decides about a client, and may take its time. */
const places: Readonly<Record<string, (work: Work) => CaseOptions>> = {
  'a strategy': ({ begin }) => ({
    auth: { strategy: 'slow' },
    providers: [customStrategy('slow', begin)],
  }),
  'the second strategy of a chain': ({ begin }) => ({
    auth: { strategy: ['no', 'slow'] },
    providers: [customStrategy('no', () => false), customStrategy('slow', begin)],
  }),
  'an origin predicate': ({ begin }) => ({
    auth: { allowedOrigins: async () => (await begin()) === null },
  }),
  middleware: ({ begin }) => ({
    auth: {
      middleware: [
        async (_request: never, _response: never, next: () => void) => {
          await begin();
          next();
        },
      ],
    },
  }),
  'a limiter of failed attempts': ({ begin }) => ({
    auth: { failedAttempts: { perAddress: limiter(async () => begin()) } },
  }),
  verifyClient: (own) => {
    verifying = own;
    return {
      auth: { optional: true, credentials: [fromQueryParam('token')] },
      gateways: [VerifyingGateway],
    };
  },
};

function limiter(get: FailureLimiter['get']): FailureLimiter {
  return { points: 3, get, consume: () => Promise.resolve() };
}

/** Starts the application, and returns how a client connects. */
async function start(lab: Lab, { auth, ...options }: CaseOptions, limits: WsAuthModuleOptions) {
  await lab.start({ ...options, auth: { ...behindProxy, ...auth, ...limits }, goodFields });
  return () => lab.knock({ fields: { authorization: 'Bearer nobody', ...from('203.0.113.1') } });
}

/** How a client gives up before there is a decision. */
const ways: Readonly<Record<string, (lab: Lab, peer: RawPeer) => Promise<unknown> | unknown>> = {
  'leaves with a reset': (_lab, peer) => peer.reset(),
  'leaves with FIN': (_lab, peer) => peer.finish(),
  'waits until the deadline': async (lab, peer) => {
    await lab.advance(5_000);
    await peer.response();
  },
};

for (const [place, optionsFor] of Object.entries(places)) {
  securityCases(
    Object.keys(ways),
    (way) => `K6c: ${place} that outlives its client, which ${way}, keeps the slot until it ends`,
    async (lab, way) => {
      const own = work(null as never);
      const knock = await start(lab, optionsFor(own), { maxPendingPerAddress: 2 });
      for (const count of [1, 2]) {
        const peer = knock();
        await until(() => own.run.started === count, 'the work never begins');
        await ways[way]!(lab, peer);
        await until(() => lab.pending === 0, 'the client stays pending');
      }
      expect((await knock().response()).status).toBe(429);
      expect(own.run).toEqual({ started: 2, ended: 0 });
      own.end();
      await until(() => own.run.ended === 2, 'the work never ends');
      const next = knock();
      await until(() => own.run.started === 3, 'the slots are not given back');
      next.reset();
    },
  );
}

type Info = { readonly req: IncomingMessage };
type Answer = (verified: boolean, code?: number) => void;

const isGood = ({ req }: Info) => req.headers['x-forwarded-for'] !== '203.0.113.1';

async function isGoodOrThrow(info: Info): Promise<boolean> {
  if (!isGood(info)) {
    throw new Error('not now');
  }
  return true;
}

/** Ways of a `verifyClient` to refuse, or to fail, and what the client sees. */
const refusals: Readonly<Record<string, readonly [verify: unknown, status: number]>> = {
  'returns false': [isGood, 401],
  'calls back synchronously': [(info: Info, answer: Answer) => answer(isGood(info), 403), 403],
  'calls back later': [
    (info: Info, answer: Answer) => setImmediate(answer, isGood(info), 403),
    403,
  ],
  'calls back twice': [
    (info: Info, answer: Answer) => {
      answer(isGood(info), 403);
      answer(true);
    },
    403,
  ],
  'promises false': [async (info: Info) => isGood(info), 401],
  'promises nothing': [async (info: Info) => isGood(info) || undefined, 401],
  rejects: [isGoodOrThrow, 500],
  'rejects and never calls back': [
    (info: Info, answer: Answer) => isGoodOrThrow(info).then(answer),
    500,
  ],
};

securityCases(
  Object.keys(refusals),
  (way) => `K6c: a verifyClient that ${way} lets no client in, and gives the slot back`,
  async (lab, way) => {
    const [verifyClient, status] = refusals[way]!;
    @WebSocketGateway({ verifyClient })
    class RefusingGateway extends WitnessGateway {}
    await lab.start({
      auth: { ...behindProxy, maxPendingPerAddress: 2 },
      gateways: [RefusingGateway],
      goodFields,
    });
    for (let times = 0; times < 4; times += 1) {
      const peer = lab.knock({ fields: from('203.0.113.1') });
      expect((await peer.response()).status).toBe(status);
      await until(() => lab.pending === 0, 'the client stays pending');
    }
  },
);

securityCase('K6c: strategies that outlive their clients count among all as well', async (lab) => {
  const own = work(null as never);
  const knock = await start(lab, places['a strategy']!(own), { maxPending: 2 });
  for (const count of [1, 2]) {
    const peer = knock();
    await until(() => own.run.started === count, 'the strategy is never asked');
    peer.reset();
    await until(() => lab.pending === 0, 'the client stays pending');
  }
  expect((await knock().response()).status).toBe(503);
  own.end();
  await until(() => own.run.ended === 2, 'the strategies never end');
});

securityCase('K6c: the same holds for a first message', async (lab) => {
  const own = work(null as never);
  await start(lab, places['a strategy']!(own), { maxPendingPerAddress: 2 });
  const fields = from('203.0.113.1');
  for (const count of [1, 2]) {
    const peer = await lab.pendingPeer({ fields });
    peer.emit('authenticate', { token: 'nobody' });
    await until(() => own.run.started === count, 'the strategy is never asked');
    peer.reset();
    await until(() => lab.pending === 0, 'the client stays pending');
  }
  expect(await lab.status({ fields })).toBe(429);
  own.end();
  await until(() => own.run.ended === 2, 'the strategies never end');
  await lab.pendingPeer({ fields });
});

securityCase('K6c: the same holds for renewals of sessions that have ended', async (lab) => {
  const own = work(null as never);
  const fields = from('203.0.113.1');
  let judged = 0;
  await lab.start({
    auth: { ...behindProxy, strategy: 'second', maxPendingPerAddress: 2 },
    providers: [
      customStrategy('second', (request) => {
        judged += 1;
        return request.headers.authorization === 'Bearer first' ? { id: 'alice' } : own.begin();
      }),
    ],
    goodFields,
  });
  for (const count of [1, 2]) {
    const peer = await lab.knock({ fields: { authorization: 'Bearer first', ...fields } }).opened();
    peer.emit('authenticate', { token: 'again' });
    await until(() => own.run.started === count, 'the renewal is never judged');
    peer.reset();
    await until(() => lab.sessions.count() === 0, 'the session stays');
  }
  const before = judged;
  expect(await lab.status({ fields: { authorization: 'Bearer first', ...fields } })).toBe(429);
  expect(judged).toBe(before);
  own.end();
  await until(() => own.run.ended === 2, 'the renewals never end');
});

securityCases(
  Object.keys(ways),
  (way) => `K6c: a failure counts although the client ${way}`,
  async (lab, way) => {
    const own = work(false as never);
    const knock = await start(lab, places['a strategy']!(own), {
      failedAttempts: { perAddress: { points: 3, windowMs: 600_000 } },
    });
    for (const count of [1, 2, 3]) {
      const peer = knock();
      await until(() => own.run.started === count, 'the strategy is never asked');
      await ways[way]!(lab, peer);
    }
    await until(() => lab.pending === 0, 'clients are still pending');
    own.end();
    await until(() => own.run.ended === 3, 'the strategies never end');
    expect((await knock().response()).status).toBe(429);
    expect(own.run.started).toBe(3);
    await lab.advance(600_000);
  },
);

securityCase('K6c: a yes that comes after the client has left is not a failure', async (lab) => {
  const own = work({ id: 'alice' } as never);
  const knock = await start(lab, places['a strategy']!(own), {
    failedAttempts: { perAddress: { points: 1, windowMs: 60_000 } },
  });
  const peer = knock();
  await until(() => own.run.started > 0, 'the strategy is never asked');
  peer.reset();
  await until(() => lab.pending === 0, 'the client stays pending');
  own.end();
  expect((await knock().response()).status).toBe(101);
  expect(lab.count('authenticated')).toBe(1);
});

/** First messages that are refused, each in its own way. */
const refusedMessages: Readonly<Record<string, (peer: RawPeer) => unknown>> = {
  'no JSON': (peer) => peer.send('x'),
  'another event': (peer) => peer.emit('whoami'),
  'a bad token': (peer) => peer.emit('authenticate', { token: 'nobody' }),
  'too large': (peer) => peer.send('x'.repeat(8_400)),
};

securityCases(
  Object.keys(refusedMessages),
  (what) => `K6d: a client refused for ${what} keeps its slot until it is closed`,
  async (lab, what) => {
    await lab.start({
      auth: { ...behindProxy, maxPendingPerAddress: 2, maxPending: 4 },
      goodFields,
    });
    const peers = [];
    for (const address of ['203.0.113.1', '203.0.113.1', '203.0.113.2', '203.0.113.2']) {
      const peer = await lab.pendingPeer({ fields: from(address) });
      refusedMessages[what]!(peer);
      await peer.closed({ answer: false });
      peers.push(peer);
    }
    expect(lab.pending).toBe(4);
    expect(await lab.status({ fields: from('203.0.113.3') })).toBe(503);
    await lab.advance(1_000);
    await Promise.all(peers.map((peer) => peer.disconnected()));
    await until(() => lab.pending === 0, 'the slots are not given back');
    await lab.pendingPeer({ fields: from('203.0.113.1') });
  },
);

securityCase('K6d: a refused client that answers the close frame frees its slot', async (lab) => {
  await lab.start({ auth: { maxPendingPerAddress: 1 } });
  const peer = await lab.pendingPeer();
  peer.send('x');
  await peer.closed();
  await peer.disconnected();
  await until(() => lab.pending === 0, 'the slot is not given back');
});

securityCases(
  [
    ['all slots', { maxPending: 8 }],
    ['the slots of an address', { maxPendingPerAddress: 8 }],
  ] as const,
  ([what]) => `K6f: silent sockets that hold ${what} keep out no client that presents a credential`,
  async (lab, [, limits]) => {
    await lab.start({ auth: { ...behindProxy, ...limits }, goodFields });
    const fields = from('203.0.113.1');
    const silent = await Promise.all(Array.from({ length: 8 }, () => lab.pendingPeer({ fields })));
    expect([429, 503]).toContain(await lab.status({ fields }));
    for (let count = 0; count < 3; count += 1) {
      const peer = await lab.knock({ fields: { ...lab.bearer(), ...fields } }).opened();
      await peer.emit('whoami').nextEvent();
    }
    // The oldest gave way, and learns why; the others wait on.
    expect(await silent[0]!.closed({ answer: false })).toEqual({
      code: 1013,
      reason: 'too many pending connections',
    });
    const last = silent.at(-1)!.emit('authenticate', { token: lab.token('bob') });
    expect((await last.nextEvent()).event).toBe('authenticated');
    expect(lab.pending).toBeLessThanOrEqual(8);
  },
);

securityCase('K6f: nor do sockets whose first message was refused', async (lab) => {
  await lab.start({ auth: { maxPending: 2 } });
  for (let count = 0; count < 2; count += 1) {
    const peer = await lab.pendingPeer();
    peer.send('x');
    await peer.closed({ answer: false });
  }
  expect(lab.pending).toBe(2);
  expect(await lab.status({ fields: lab.bearer() })).toBe(101);
});

securityCase(
  'K6f: a client whose first message is being judged gives way to no other',
  async (lab) => {
    const own = work({ id: 'alice' } as never);
    await lab.start({
      auth: { ...behindProxy, strategy: 'slow', maxPending: 1 },
      providers: [customStrategy('slow', own.begin)],
    });
    const peer = await lab.pendingPeer();
    peer.emit('authenticate', { token: 'x' });
    await until(() => own.run.started === 1, 'the strategy is never asked');
    expect(await lab.status({ fields: lab.bearer() })).toBe(503);
    own.end();
    expect((await peer.nextEvent()).event).toBe('authenticated');
  },
);

securityCase(
  'K6f: slow strategies leave a share of the slots to clients that wait for their first message',
  async (lab) => {
    const own = work({ id: 'alice' } as never);
    const knock = await start(lab, places['a strategy']!(own), { maxPending: 64 });
    const judged = Array.from({ length: 56 }, knock);
    await until(() => own.run.started === 56, 'the strategy is not asked 56 times');
    expect((await knock().response()).status).toBe(503);
    const waiting = await Promise.all(Array.from({ length: 8 }, () => lab.pendingPeer()));
    expect(await lab.status()).toBe(503);
    own.end();
    await Promise.all(judged.map((peer) => peer.opened()));
    expect(waiting.some(({ ended }) => ended)).toBe(false);
  },
);
