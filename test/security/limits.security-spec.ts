import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import { fromAuthorizationHeader, fromQueryParam, type FailureLimiter } from '../../lib/index.js';
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
import { frameOf } from '../support/raw-peer.js';
import { customStrategy, HttpBasicStrategy } from '../support/strategies.js';
import { turns } from '../support/turns.js';

const windowMs = 60_000;
const perAddress = { failedAttempts: { perAddress: { points: 3, windowMs } } };

/** The good client has an address of its own, so that it is not kept out with the others. */
const elsewhere = { 'x-forwarded-for': '198.51.100.200' };
const behindProxy = { trustProxy: 'loopback' };

const from = (address: string) => ({ 'x-forwarded-for': address });

/** Sends a credential that is refused, and returns the status. */
function guess(lab: Lab, fields: NonNullable<HandshakeParts['fields']> = {}): Promise<number> {
  return lab.status({ fields: { authorization: 'Bearer nobody', ...fields } });
}

securityCase(
  'RL-01: answers 429 with Retry-After before the strategy, after so many failures',
  async (lab) => {
    let asked = 0;
    await lab.start({
      auth: { ...perAddress, ...behindProxy, strategy: 'counting' },
      providers: [
        customStrategy('counting', () => {
          asked += 1;
          return false;
        }),
      ],
      goodFields: elsewhere,
    });
    for (const expected of [401, 401, 401, 429, 429]) {
      expect(await guess(lab)).toBe(expected);
    }
    expect(asked).toBe(3);
    const answer = await lab.answer({ fields: lab.bearer() });
    expect(answer).toMatchObject({ status: 429, body: 'too many attempts\n' });
    expect(Number(fieldOf(answer.fields, 'retry-after'))).toBeGreaterThan(0);
    expect(Number(fieldOf(answer.fields, 'retry-after'))).toBeLessThanOrEqual(60);
    await lab.advance(windowMs);
    expect(await guess(lab)).toBe(401);
    await lab.advance(windowMs);
  },
);

securityCase('RL-01: closes a first message with 1013 likewise', async (lab) => {
  await lab.start({ auth: { ...perAddress, ...behindProxy }, goodFields: elsewhere });
  for (const expected of [3000, 3000, 3000, 1013]) {
    const peer = await lab.pendingPeer();
    peer.emit('authenticate', { token: 'nobody' });
    expect((await peer.closed()).code).toBe(expected);
  }
  await lab.advance(windowMs);
});

securityCase('RL-01: counts an account from wherever it is guessed', async (lab) => {
  await lab.start({
    auth: {
      ...behindProxy,
      strategy: 'basic',
      credentials: [fromAuthorizationHeader({ schemes: ['Basic'] })],
      failedAttempts: { perAccount: { points: 3, windowMs } },
    },
    providers: [HttpBasicStrategy],
  });
  const guessFrom = (host: number, user: string, password: string) =>
    lab.status({ fields: { ...lab.basic(user, password), ...from(`198.51.100.${host}`) } });
  for (const [host, expected] of [401, 401, 401, 429].entries()) {
    expect(await guessFrom(host, 'alice', `guess ${host}`)).toBe(expected);
  }
  expect(await guessFrom(9, 'bob', 'secret of bob')).toBe(101);
  lab.peers.at(-1)!.reset();
  expect(await guessFrom(9, 'alice', 'secret of alice')).toBe(429);
  await lab.advance(windowMs);
});

securityCases(
  [
    ['1.2.3.4 and ::ffff:1.2.3.4', ['1.2.3.4', '::ffff:1.2.3.4', '::FFFF:102:304', '1.2.3.4']],
    ['one IPv6 /64', ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::3', '2001:DB8::4']],
  ] as const,
  ([what]) => `RL-02: counts ${what} in one bucket`,
  async (lab, [, addresses]) => {
    await lab.start({ auth: { ...perAddress, ...behindProxy }, goodFields: elsewhere });
    const statuses = [];
    for (const address of addresses) {
      statuses.push(await guess(lab, from(address)));
    }
    expect(statuses).toEqual([401, 401, 401, 429]);
    await lab.advance(windowMs);
  },
);

securityCase('RL-02: counts two /64 apart', async (lab) => {
  await lab.start({ auth: { ...perAddress, ...behindProxy } });
  for (let net = 0; net < 5; net += 1) {
    expect(await guess(lab, from(`2001:db8:0:${net}::1`))).toBe(401);
  }
  await lab.advance(windowMs);
});

securityCase(
  'RL-02, RL-04: ignores X-Forwarded-For of an untrusted proxy, and exempts no loopback',
  async (lab) => {
    await lab.start({ auth: perAddress });
    const statuses = [];
    for (let host = 0; host < 4; host += 1) {
      statuses.push(await guess(lab, from(`198.51.100.${host}`)));
    }
    expect(statuses).toEqual([401, 401, 401, 429]);
    await lab.advance(windowMs);
  },
);

securityTable(
  'RL-02: survives any X-Forwarded-For',
  ['garbage', '', ',,,', '1.2.3.4, garbage', '[::1', '::ffff:999.1.1.1', 'x'.repeat(10_000)],
  { auth: behindProxy },
  async (lab, address) => {
    expect(await lab.status({ fields: { ...lab.bearer(), ...from(address) } })).toBe(101);
  },
);

securityCase(
  'RL-02: survives a trustProxy predicate that throws on what a peer made up',
  async (lab) => {
    await lab.start({
      auth: {
        trustProxy: (address) => {
          if (address === 'garbage') {
            throw new Error('not an address');
          }
          return true;
        },
      },
    });
    const status = await lab.status({ fields: { ...lab.bearer(), ...from('1.1.1.1, garbage') } });
    expect([101, 400, 500]).toContain(status);
  },
);

securityCase(
  'RL-06: malformed upgrades in a loop are counted, closed and forgotten',
  async (lab) => {
    await lab.start();
    const malformed: NonNullable<HandshakeParts['fields']>[] = [
      { host: undefined },
      { 'sec-websocket-key': 'short' },
      { 'sec-websocket-version': '8' },
      { upgrade: 'h2c' },
      { authorization: ['a', 'b'] },
    ];
    for (let round = 0; round < 100; round += 1) {
      const peers = malformed.map((fields) => lab.knock({ fields }));
      await Promise.all(
        peers.map(async (peer) => [await peer.response(), await peer.disconnected()]),
      );
    }
    expect(lab.refusals).toHaveLength(500);
    expect(lab.pending).toBe(0);
  },
);

securityCase('RL-06: an upgrade without Connection is plain HTTP, and no attempt', async (lab) => {
  await lab.start();
  const peer = lab.knock({ fields: { ...lab.bearer(), connection: 'close' } });
  expect((await peer.response()).status).toBe(404);
  expect(lab.events).toEqual([]);
});

/** A limiter that cannot decide. */
function limiter(get: FailureLimiter['get']): FailureLimiter {
  return { points: 3, get, consume: () => Promise.reject(new Error('the store is down')) };
}

securityCases(
  [
    ['rejects', () => Promise.reject(new Error('the store is down'))],
    [
      'throws',
      () => {
        throw new Error('the store is down');
      },
    ],
  ] as const,
  ([what]) =>
    `RL-07: answers 503 while the store of the limiter ${what}: guessing is never unlimited`,
  async (lab, [, get]) => {
    let asked = 0;
    await lab.start({
      auth: { failedAttempts: { perAccount: limiter(get) }, strategy: 'counting' },
      providers: [customStrategy('counting', () => (asked += 1))],
    });
    const answer = await lab.answer({ fields: lab.basic('alice', 'guess') });
    expect(answer.status).toBe(503);
    expect(fieldOf(answer.fields, 'retry-after')).toBe('1');
    expect(asked).toBe(0);
  },
);

securityCase('RL-07: answers 503 at the deadline when the store never answers', async (lab) => {
  await lab.start({
    auth: { failedAttempts: { perAccount: limiter(() => new Promise(() => undefined)) } },
  });
  const peer = lab.knock({ fields: lab.basic('alice', 'guess') });
  await until(() => lab.pending === 1, 'the limiter is never asked');
  await lab.advance(5_000);
  expect((await peer.response()).status).toBe(503);
});

securityCase('RL-07: a consume() that throws synchronously affects no connection', async (lab) => {
  const throwing: FailureLimiter = {
    points: 3,
    get: () => Promise.resolve(null),
    consume: () => {
      throw new Error('the store is down');
    },
  };
  await lab.start({ auth: { failedAttempts: { perAddress: throwing } } });
  expect(await guess(lab)).toBeGreaterThanOrEqual(400);
});

securityCase(
  'RL: refuses one pending connection too many of an address with 429, of all with 503',
  async (lab) => {
    await lab.start({ auth: { maxPending: 3, maxPendingPerAddress: 2, ...behindProxy } });
    const first = [await lab.pendingPeer({ fields: from('1.1.1.1') })];
    first.push(await lab.pendingPeer({ fields: from('1.1.1.1') }));
    const many = await lab.answer({ fields: from('1.1.1.1') });
    expect(many).toMatchObject({ status: 429, body: 'too many attempts\n' });
    expect(fieldOf(many.fields, 'retry-after')).toBe('1');
    await lab.pendingPeer({ fields: from('2.2.2.2') });
    const full = await lab.answer({ fields: from('3.3.3.3') });
    expect(full).toMatchObject({ status: 503, body: 'too many pending connections\n' });
    first[0]!.reset();
    await until(() => lab.pending === 2, 'the place is never freed');
    await lab.pendingPeer({ fields: from('3.3.3.3') });
  },
);

securityCase('RL: terminates a socket that did not answer a ping at the next', async (lab) => {
  await lab.start({ auth: { heartbeatIntervalMs: 10_000 } });
  const alice = lab.expectNoAnswer(await lab.knock({ fields: lab.bearer() }).opened());
  await alice.emit('whoami').nextEvent();
  await lab.advance(10_000);
  await turns(20);
  expect(alice.ended).toBe(false);
  await lab.advance(10_000);
  await alice.disconnected();
});

const injections = ['%0d%0aforged', '%1b[31m', '%e2%80%a8', '%c3%a9%c2%85'];

securityTable(
  'LG-01: writes one line, escaped and bounded, for any path',
  [...injections, 'x'.repeat(12_000)],
  {},
  async (lab, text) => {
    lab.lines.length = 0;
    const raw = Buffer.from(decodeURIComponent(text).replace(/[^\u0080-\uffff]/g, 'x')).toString(
      'latin1',
    );
    const short = raw.slice(0, 100);
    const fields = { 'user-agent': short, origin: short, 'x-forwarded-for': short };
    expect(await lab.status({ target: `/${text}`, fields })).toBe(404);
    const lines = lab.lines.filter((line) => line.includes('refused ERR_WS_AUTH_UNKNOWN_PATH'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
    expect(lines[0]!.length).toBeLessThan(500);
  },
);

/** A gateway that takes every path, as one on a port of its own does. */
@WebSocketGateway(0, { path: '/' })
class RootGateway extends WitnessGateway {}

const liar = customStrategy('liar', ({ query: { name: text } }) => {
  throw new Error(`no such user: ${String(text)}\n    at ${String(text)}\nforged line`);
});

securityTable(
  'LG-01: writes one line for any user, address and query',
  injections,
  {
    gateways: [RootGateway],
    auth: { strategy: 'liar', trustProxy: true, credentials: [fromQueryParam('token')] },
    providers: [liar],
  },
  async (lab, text) => {
    lab.lines.length = 0;
    const target = `/?token=abc&name=${text}`;
    expect(await lab.status({ target, fields: { 'x-forwarded-for': text } })).toBe(500);
    const refused = lab.lines.filter((line) => line.startsWith('debug refused'));
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(/^[\x20-\x7e]+$/);
    expect(lab.lines.join('\n')).not.toMatch(/^forged|no such user/m);
  },
);

securityCase(
  'LG-01: shows no message of an error, since it may quote the credential',
  async (lab) => {
    await lab.start({
      auth: { strategy: 'quoting' },
      providers: [
        customStrategy('quoting', ({ body, headers }) => {
          const quoted = `${JSON.stringify(body)} ${headers.authorization}`;
          throw new SyntaxError(`bad ${quoted}\n    at ${lab.canary}\n    at ${quoted}`);
        }),
      ],
    });
    expect(await lab.status({ fields: lab.bearer() })).toBe(500);
    expect(await lab.status({ fields: lab.basic('alice', `${lab.canary}:pass`) })).toBe(500);
    const peer = await lab.pendingPeer();
    peer.emit('authenticate', { username: 'a', password: `\n    at ${lab.canary}` });
    expect((await peer.closed()).code).toBe(1011);
    expect(lab.lines.some((line) => line.startsWith('error ERR_WS_AUTH_STRATEGY_FAILED'))).toBe(
      true,
    );
  },
);

securityCase(
  "LG-01: an authentication frame never comes back, not even by Nest's filter",
  async (lab) => {
    await lab.start();
    const alice = await lab.knock({ fields: lab.bearer() }).opened();
    const token = lab.token('alice');
    alice.send(`{"event":"authenticat\\u0065","data":{"token":"${token}"}}`);
    expect((await alice.nextEvent()).event).toBe('authenticated');
    alice.write(frameOf(JSON.stringify({ event: 'authenticate', data: { token } }), { opcode: 2 }));
    expect((await alice.closed()).code).toBe(1003);
  },
);

securityCase('LG-01: nothing is logged where nothing shall be', async (lab) => {
  await lab.start({ auth: { refusalLogLevel: false } });
  lab.lines.length = 0;
  expect(await guess(lab)).toBe(401);
  expect(lab.lines).toEqual([]);
});
