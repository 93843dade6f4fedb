import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy as PassportJwtStrategy } from 'passport-jwt';
import { expect } from 'vitest';
import {
  challengesOf,
  fieldOf,
  type Lab,
  preparedTable,
  securityCase,
  securityCases,
  securityTable,
  until,
} from '../support/invariants.js';
import { customStrategy } from '../support/strategies.js';
import { secret } from '../support/tokens.js';
import { wildStrategy, type Actions, type Authenticate } from './wild-strategy.js';
import { turns } from '../support/turns.js';
import { type RawResponse } from '../support/raw-peer.js';

/** How a gateway answers whose only strategy does this. */
async function answerOf(lab: Lab, ...strategies: Authenticate[]) {
  const names = strategies.map((_strategy, index) => `wild-${index}`);
  await lab.start({
    auth: { strategy: names },
    providers: strategies.map((each, index) => wildStrategy(names[index]!, each)),
  });
  return lab.answer({ fields: lab.bearer() });
}

/** Judges how one gateway answers to a strategy that does something else for each input. */
function strategyTable<Input>(
  name: string,
  inputs: readonly Input[],
  actFor: (input: Input, lab: Lab) => Authenticate,
  judge: (answer: RawResponse, input: Input, lab: Lab) => void,
): void {
  preparedTable(name, inputs, async (lab) => {
    let act: Authenticate;
    const wild = wildStrategy('wild', (actions, request) => act(actions, request));
    await lab.start({ auth: { strategy: 'wild' }, providers: [wild] });
    return async (input) => {
      act = actFor(input, lab);
      judge(await lab.answer({ fields: lab.bearer() }), input, lab);
    };
  });
}

/** A strategy that waits for the test. */
class Patient {
  readonly signals: AbortSignal[] = [];
  readonly waiting: Actions[] = [];
  readonly provider = wildStrategy('patient', (actions, { signal }) => {
    this.waiting.push(actions);
    this.signals.push(signal);
  });

  async start(lab: Lab): Promise<this> {
    await lab.start({ auth: { strategy: 'patient' }, providers: [this.provider] });
    return this;
  }

  async asked(): Promise<this> {
    await until(() => this.waiting.length === 1, 'the strategy is never asked');
    return this;
  }
}

securityCases(
  [
    ['ST-01: a client that resets', 'reset'],
    ['ST-02: a client that half-closes', 'finish'],
  ] as const,
  ([what]) => `${what} while the strategy runs frees its place`,
  async (lab, [, leave]) => {
    const patient = await new Patient().start(lab);
    const peer = lab.knock({ fields: lab.bearer() });
    await patient.asked();
    expect(lab.pending).toBe(1);
    peer[leave]();
    await until(() => lab.pending === 0, 'the place is never freed');
    expect(patient.signals[0]!.aborted).toBe(true);
    patient.waiting[0]!.success({ id: 'mallory' });
    await turns(20);
    expect(peer.received.length).toBe(0);
    expect(lab.count('authenticated')).toBe(0);
    expect(lab.gateway.connected.length).toBe(0);
    expect(lab.sessions.count()).toBe(0);
  },
);

securityCase(
  'ST-02: a half-close behind early bytes gets no session that outlives it',
  async (lab) => {
    const patient = await new Patient().start(lab);
    const peer = lab.knock({ fields: lab.bearer() });
    await patient.asked();
    peer.write(Buffer.alloc(100)).finish();
    await turns(20);
    patient.waiting[0]!.success({ id: 'mallory' });
    await peer.disconnected();
    await until(() => lab.pending === 0 && lab.sessions.count() === 0, 'something stays behind');
  },
);

securityCases(
  [
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['calls error()', (actions: Actions) => actions.error(new Error('broken'))],
  ] as const,
  ([what]) => `ST-04: answers 500 when the second strategy ${what} after the first failed later`,
  async (lab, [, second]) => {
    const answer = await answerOf(
      lab,
      (actions) => void setImmediate(() => actions.fail('Bearer realm="x"')),
      second,
    );
    expect(answer).toMatchObject({ status: 500, body: 'authentication failed\n' });
  },
);

securityCase('ST-06: answers 503 with Retry-After when a strategy never settles', async (lab) => {
  const patient = await new Patient().start(lab);
  const peer = lab.knock({ fields: lab.bearer() });
  await patient.asked();
  await lab.advance(4_999);
  expect(lab.pending).toBe(1);
  await lab.advance(1);
  const answer = await peer.response();
  expect(answer).toMatchObject({ status: 503, body: 'authentication unavailable\n' });
  expect(fieldOf(answer.fields, 'retry-after')).toBe('1');
  expect(patient.signals[0]!.aborted).toBe(true);
  expect(lab.pending).toBe(0);
  patient.waiting[0]!.success({ id: 'mallory' });
  await turns(20);
  expect(lab.count('authenticated')).toBe(0);
});

securityCase('ST-07: takes the first of two users, and stays with that', async (lab) => {
  const answer = await answerOf(lab, (actions) => {
    actions.success({ id: 'alice' });
    actions.success({ id: 'mallory' });
    setImmediate(() => actions.success({ id: 'mallory' }));
  });
  expect(answer.status).toBe(101);
  expect(await lab.peers[0]!.emit('whoami').nextEvent()).toMatchObject({ data: { user: 'alice' } });
});

strategyTable(
  'ST-08: takes the first outcome of several',
  [
    ['fail, success', 401],
    ['success, fail', 101],
    ['success, error', 101],
    ['error, success', 500],
    ['pass, success', 401],
    ['redirect, success', 401],
    ['fail, error', 401],
    ['success, pass', 101],
  ] as const,
  ([sequence]) =>
    (actions) => {
      for (const action of sequence.split(', ') as (keyof Actions)[]) {
        const call = actions[action].bind(actions) as (value?: unknown) => void;
        call(action === 'success' ? { id: 'alice' } : undefined);
      }
    },
  (answer, [, status], lab) => {
    expect(answer.status).toBe(status);
    expect(lab.count('authenticated') + lab.count('refused')).toBe(1);
  },
);

securityCase('ST-11: answers 401 to redirect(), and names no location', async (lab) => {
  const answer = await answerOf(lab, (actions) => actions.redirect('https://evil.example/', 302));
  expect(answer.status).toBe(401);
  expect(fieldOf(answer.fields, 'location')).toBeUndefined();
});

strategyTable(
  'ST-12: refuses what is not a user with 401',
  [undefined, false, 'alice', Symbol('user'), () => ({ id: 'x' })],
  (user) => (actions) => actions.success(user),
  (answer, _user, lab) => {
    expect(answer.status).toBe(401);
    expect(lab.sessions.count()).toBe(0);
  },
);

strategyTable(
  'ST-14: passes on nothing of a challenge that is not well formed',
  [
    'Bearer error="a\r\nSet-Cookie: x=1"',
    'Bearer realm="x"\r\n\r\n<script>',
    'Basic realm="x"\nSet-Cookie: x=1',
    'Bearer error="\u0000"',
    'Digest realm="\u00e9"',
    '\r\nSet-Cookie: x=1',
    'Bearer error="invalid_token", error_description="canary is bad"',
  ],
  (challenge, lab) => (actions) => actions.fail(challenge.replace('canary', lab.canary)),
  (answer) => {
    expect(answer.status).toBe(401);
    expect(fieldOf(answer.fields, 'set-cookie')).toBeUndefined();
    for (const each of challengesOf(answer)) {
      expect(each).toMatch(
        /^(Basic realm="Users", charset="UTF-8"|Bearer realm="Users"(, error="[a-z_]+")?)$/,
      );
    }
  },
);

securityCase('ST-14: passes a well-formed challenge of another scheme on', async (lab) => {
  const digest = 'Digest realm="x", nonce="abc", qop="auth"';
  const answer = await answerOf(lab, (actions) => actions.fail(digest));
  expect(challengesOf(answer)).toContain(digest);
});

strategyTable(
  'ST-10, ST-15: answers 401 to pass(), and to a status that is not a refusal',
  [
    (actions: Actions) => actions.pass(),
    (actions: Actions) => actions.fail('Bearer', 999),
    (actions: Actions) => actions.fail('Bearer', [401, 403]),
    (actions: Actions) => actions.fail(200),
  ],
  (act) => act,
  (answer) => expect(answer.status).toBe(401),
);

const circular: Record<string, unknown> = { id: 'alice' };
circular['self'] = circular;

strategyTable(
  'ST-19: survives a hostile user, and writes nothing of it into logs',
  [
    ['frozen', () => Object.freeze({ id: 'alice' }), 101],
    ['circular', () => circular, 101],
    ['of 10 MB', () => ({ id: 'alice', blob: 'x'.repeat(10_000_000) }), 101],
    ['a Proxy', () => new Proxy({ id: 'alice' }, {}), 101],
    ['without a prototype', bareUser, 101],
    [
      'with an id that throws',
      () => ({
        get id() {
          return throwing();
        },
      }),
      500,
    ],
    ['a Proxy that throws', () => new Proxy({}, { get: throwing }), 500],
    ['a revoked Proxy', revokedProxy, 500],
  ] as const,
  ([, user]) =>
    (actions) =>
      actions.success(user()),
  (answer, [, , status], lab) => {
    expect(answer.status).toBe(status);
    expect(lab.lines.join('').length).toBeLessThan(20_000);
  },
);

function bareUser(): object {
  return Object.assign(Object.create(null) as object, { id: 'alice' });
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

securityCase('ST-19: reads the identity once', async (lab) => {
  let reads = 0;
  const user = {
    get id(): string {
      reads += 1;
      return reads === 1 ? 'alice' : 'mallory';
    },
  };
  expect((await answerOf(lab, (actions) => actions.success(user))).status).toBe(101);
  expect([...lab.sessions].map(({ userId }) => userId)).toEqual(['alice']);
  expect(reads).toBe(1);
});

const errorWith = (key: string) => Object.defineProperty(new Error('x'), key, { get: throwing });

const hostileErrors: readonly (readonly [string, () => unknown])[] = [
  ['an error whose stack throws', () => errorWith('stack')],
  ['an error whose name throws', () => errorWith('name')],
  ['a revoked Proxy', revokedProxy],
  ['an exception whose getStatus() throws', () => ({ getStatus: throwing })],
  ['undefined', () => undefined],
];

strategyTable(
  'ST-19: survives a strategy that throws a hostile error',
  hostileErrors,
  ([, error]) =>
    () => {
      throw error();
    },
  (answer) => expect(answer.status).toBe(500),
);

function throwing(): never {
  throw new Error('a getter threw');
}

securityCase('ST-20: a verify callback that throws after done() has one outcome', async (lab) => {
  const double = wildStrategy('double', (actions) => {
    actions.success({ id: 'alice' });
    throw new Error('after done');
  });
  await lab.start({ auth: { strategy: 'double' }, providers: [double] });
  expect(await lab.status({ fields: lab.bearer() })).toBe(101);
  await turns(20);
  expect(lab.count('authenticated') + lab.count('refused')).toBe(1);
});

const issuer = 'https://issuer.example';

@Injectable()
class StrictJwtStrategy extends PassportStrategy(PassportJwtStrategy, 'strict-jwt') {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: secret as unknown as Buffer,
      algorithms: ['HS256'],
      audience: 'api',
      issuer,
    });
  }

  validate({ sub, use }: { readonly sub: string; readonly use?: string }) {
    return use === 'access' && { id: sub };
  }
}

const access = { aud: 'api', iss: issuer, use: 'access' };

securityTable(
  'ST-22: refuses a token with another audience, issuer, use or algorithm with 401',
  [
    ['the wrong aud', (lab: Lab) => lab.token('alice', { ...access, aud: 'web' })],
    ['no aud', (lab: Lab) => lab.token('alice', { ...access, aud: undefined })],
    ['the wrong iss', (lab: Lab) => lab.token('alice', { ...access, iss: 'https://evil.example' })],
    ['another use: an ID token', (lab: Lab) => lab.token('alice', { ...access, use: 'id' })],
    ['another use: a ticket', (lab: Lab) => lab.token('alice', { ...access, use: 'ticket' })],
    ['alg none', (lab: Lab) => withHeader(lab, { alg: 'none' }, '')],
    ['alg noNE', (lab: Lab) => withHeader(lab, { alg: 'noNE' }, 'AAAA')],
    ['another alg', (lab: Lab) => withHeader(lab, { alg: 'HS512' })],
    ['a kid that climbs', (lab: Lab) => withHeader(lab, { alg: 'RS256', kid: '../../dev/null' })],
  ] as const,
  { auth: { strategy: 'strict-jwt' }, providers: [StrictJwtStrategy] },
  async (lab, [, token]) => {
    expect(await lab.status({ fields: { authorization: `Bearer ${token(lab)}` } })).toBe(401);
    const good = `Bearer ${lab.token('alice', access)}`;
    expect(await lab.status({ fields: { authorization: good } })).toBe(101);
  },
);

/** A good token with another header, and the old signature unless the test names another. */
function withHeader(lab: Lab, header: object, signature?: string): string {
  const [, payload, signed] = lab.token('alice', access).split('.');
  const encoded = Buffer.from(JSON.stringify({ typ: 'JWT', ...header })).toString('base64url');
  return lab.secret(`${encoded}.${payload}.${signature ?? signed}`);
}

preparedTable(
  'ST-24: refuses a token that is not a compact serialization',
  ['{"payload":"x","signatures":[]}', '{}', 'a{b}c', '[]', 'eyJ.{}.x'],
  async (lab) => {
    let asked = 0;
    await lab.start({
      auth: { strategy: 'counting' },
      providers: [customStrategy('counting', () => (asked += 1))],
    });
    return async (token) => {
      expect(await lab.status({ fields: { authorization: `Bearer ${token}` } })).toBe(400);
      const peer = await lab.pendingPeer();
      expect(await peer.emit('authenticate', { token }).closed()).toEqual({
        code: 3000,
        reason: 'malformed credential',
      });
      expect(asked).toBe(0);
    };
  },
);
