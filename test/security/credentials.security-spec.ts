import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { expect } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromQueryParam,
  fromSubprotocol,
  WsPublic,
} from '../../lib/index.js';
import {
  challengesOf,
  fieldOf,
  type HandshakeParts,
  type Lab,
  preparedTable,
  securityCase,
  securityTable,
  WitnessGateway,
} from '../support/invariants.js';
import { bearerOf, customStrategy, HttpBasicStrategy } from '../support/strategies.js';
import { wildStrategy } from './wild-strategy.js';

const bearerChallenge = 'Bearer realm="Users"';
const invalidToken = 'Bearer realm="Users", error="invalid_token"';

/** Starts a gateway that reads the query, and returns what its strategy sees. */
async function startRecording(lab: Lab): Promise<unknown[]> {
  const seen: unknown[] = [];
  const recording = customStrategy('recording', (request) => {
    seen.push(bearerOf(request));
    return typeof bearerOf(request) === 'string' && { id: 'alice' };
  });
  await lab.start({
    auth: { strategy: 'recording', credentials: [fromQueryParam('token')] },
    providers: [recording],
  });
  return seen;
}

// One input of each kind: the grammar is in the tables of `test/unit/credentials`.
preparedTable(
  'QP-01, QP-02, QP-03, QP-05, QP-07: refuses a query without one good parameter, and no strategy sees it',
  [
    ['QP-01: repeated', '?token=a&token=b', 400],
    ['QP-01: repeated with an encoded name', '?token=a&%74oken=b', 400],
    ['QP-02: empty', '?token=', 401],
    ['QP-02: without a value', '?token&x=1', 401],
    ['QP-03: does not decode', '?token=%ff', 400],
    ['QP-05: an array of other parsers', '?token[]=a', 401],
    ['QP-07: another name', '?TOKEN=x', 401],
  ] as const,
  async (lab) => {
    const seen = await startRecording(lab);
    return async ([, query, status]) => {
      const answer = await lab.answer({ target: `/${query}` });
      expect(answer.status).toBe(status);
      expect(challengesOf(answer)).toEqual(status === 401 ? [bearerChallenge] : []);
      expect(seen).toEqual([]);
    };
  },
);

securityCase('QP-08: ignores a token in the query where the query is not read', async (lab) => {
  await lab.start({ auth: { credentials: [fromAuthorizationHeader({ schemes: ['Bearer'] })] } });
  const answer = await lab.answer({ target: `/?token=${lab.token()}&access_token=${lab.token()}` });
  expect(answer.status).toBe(401);
  expect(challengesOf(answer)).toEqual([bearerChallenge]);
});

securityCase('QP-10: forbids caches to keep any answer but the 101', async (lab) => {
  await startRecording(lab);
  for (const target of ['/', '/?token=a&token=b', '/?token=%', '/other?token=a']) {
    const answer = await lab.answer({ target });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(fieldOf(answer.fields, 'cache-control')).toBe('no-store');
  }
  const good = await lab.answer({
    target: `/?token=${lab.secret(randomBytes(12).toString('hex'))}`,
  });
  expect(good.status).toBe(101);
});

const besideQuery = { target: '/?token=%' };
const protocolBeside = (lab: Lab): HandshakeParts => ({
  fields: { 'sec-websocket-protocol': `chat, bearer.${lab.token()}` },
});

securityTable(
  'AH-02: refuses Authorization beside another credential with 400',
  [
    ['a query parameter', (lab: Lab): HandshakeParts => ({ target: `/?token=${lab.token()}` })],
    ['a subprotocol', protocolBeside],
    ['a malformed query parameter', (): HandshakeParts => besideQuery],
  ] as const,
  {
    auth: { credentials: [fromAuthorizationHeader(), fromQueryParam('token'), fromSubprotocol()] },
  },
  async (lab, [, parts]) => {
    const other = parts(lab);
    const answer = await lab.answer({ ...other, fields: { ...lab.bearer(), ...other.fields } });
    expect(answer).toMatchObject({ status: 400, body: 'more than one credential\n' });
  },
);

securityCase('AH-04: accepts the scheme in any case', async (lab) => {
  await lab.start();
  expect(await lab.status({ fields: { authorization: `bEaReR ${lab.token()}` } })).toBe(101);
});

securityTable(
  'AH-01, AH-05: refuses a malformed or repeated Bearer header with 400',
  [
    ['AH-05', 'Bearer', 'ERR_WS_AUTH_MALFORMED_CREDENTIAL'],
    ['AH-05', 'Bearer a b', 'ERR_WS_AUTH_MALFORMED_CREDENTIAL'],
    ['AH-01', ['Basic YTpi', 'Bearer a'], 'ERR_WS_AUTH_MALFORMED_HANDSHAKE'],
  ] as const,
  {},
  async (lab, [, authorization, code]) => {
    expect(await lab.status({ fields: { authorization } })).toBe(400);
    expect(lab.refusals).toEqual([code]);
  },
);

securityTable(
  'AH-07: refuses a token that is expired, not valid yet, forged or no JWT with 401 and invalid_token',
  [
    ['expired', (lab: Lab) => lab.token('alice', { exp: 1 })],
    ['not valid yet', (lab: Lab) => lab.token('alice', { nbf: 9_999_999_999 })],
    ['signed with another key', (lab: Lab) => `${lab.token().slice(0, -6)}AAAAAA`],
    ['no JWT', (lab: Lab) => lab.secret(randomBytes(20).toString('hex'))],
  ] as const,
  {},
  async (lab, [, token]) => {
    const answer = await lab.answer({ fields: { authorization: `Bearer ${token(lab)}` } });
    expect(answer.status).toBe(401);
    expect(challengesOf(answer)).toContain(invalidToken);
  },
);

securityCase(
  'AH-07: refuses a revoked token with 401 and invalid_token, before the 101',
  async (lab) => {
    await lab.start();
    await lab.sessions.revoke({ tokenId: 'token-1' });
    const authorization = `Bearer ${lab.token('alice', { jti: 'token-1' })}`;
    const answer = await lab.answer({ fields: { authorization } });
    expect(answer.status).toBe(401);
    expect(challengesOf(answer)).toContain(invalidToken);
    expect(lab.refusals).toEqual(['ERR_WS_AUTH_REVOKED']);
  },
);

securityCase('AH-08: challenges a request without credentials, and names no error', async (lab) => {
  await lab.start({ auth: { credentials: [fromAuthorizationHeader()] } });
  const answer = await lab.answer();
  expect(answer).toMatchObject({ status: 401, body: 'credential required\n' });
  expect(challengesOf(answer)).toEqual(['Basic realm="Users", charset="UTF-8"', bearerChallenge]);
});

/** Answers for every token that it is not permitted. */
const scopeStrategy = wildStrategy('scope', (actions) =>
  actions.fail('Bearer error="insufficient_scope", scope="chat:read"', 403),
);

securityCase(
  'AH-09: refuses a token without the scope with 403 and insufficient_scope',
  async (lab) => {
    await lab.start({ auth: { strategy: 'scope' }, providers: [scopeStrategy] });
    const answer = await lab.answer({ fields: lab.bearer() });
    expect(answer).toMatchObject({ status: 403, body: 'not permitted\n' });
    expect(challengesOf(answer)).toContain(
      'Bearer realm="Users", error="insufficient_scope", scope="chat:read"',
    );
  },
);

securityTable(
  'AH-11: never falls back from a bad Authorization header to a good cookie',
  [
    ['a bad Bearer header', 'Bearer nobody', 401],
    ['a malformed Bearer header', 'Bearer a b', 400],
    ['bad Basic credentials', 'Basic YTpi', 401],
    ['malformed Basic credentials', 'Basic !!!!', 401],
    ['a scheme without an extractor', 'Negotiate abc', 401],
  ] as const,
  {
    auth: { credentials: [fromAuthorizationHeader(), fromCookie('session')] },
  },
  async (lab, [, authorization, status]) => {
    const origin = lab.app.origin;
    const cookie = `session=${lab.token()}`;
    expect(await lab.status({ fields: { cookie, origin, authorization } })).toBe(status);
    expect(await lab.status({ fields: { cookie, origin } })).toBe(101);
  },
);

securityCase(
  'AH-12: refuses a token bound to a DPoP key when it comes as a bearer token',
  async (lab) => {
    await lab.start();
    const token = lab.token('alice', {
      cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' },
    });
    const answer = await lab.answer({ fields: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(401);
    expect(challengesOf(answer)).toContain(invalidToken);
  },
);

/** Starts a gateway behind HTTP Basic, and records what the verify function gets. */
async function startBasic(lab: Lab): Promise<unknown[][]> {
  const verified: unknown[][] = [];
  @Injectable()
  class RecordingBasicStrategy extends HttpBasicStrategy {
    override validate(username: string, password: string) {
      verified.push([username, password]);
      return super.validate(username, password);
    }
  }
  await lab.start({
    auth: { strategy: 'basic', credentials: [fromAuthorizationHeader({ schemes: ['Basic'] })] },
    providers: [RecordingBasicStrategy],
  });
  return verified;
}

const base64 = (text: string | Buffer) => Buffer.from(text as string).toString('base64');
const basic = (text: string | Buffer) => ({ fields: { authorization: `Basic ${base64(text)}` } });

preparedTable(
  'BA-01, BA-03, BA-05: refuses Basic that is not a name and a password with 401, and runs no strategy',
  [
    ['BA-01: no colon', base64('alice')],
    ['BA-01: a control character', base64('alice:a\r\nb')],
    ['BA-01: not base64', '!!!!'],
    ['BA-03: no name', base64(':pw')],
    ['BA-03: no password', base64('alice:')],
    ['BA-05: not UTF-8', base64(Buffer.from([0xff, 0x3a, 0x61]))],
  ] as const,
  async (lab) => {
    const verified = await startBasic(lab);
    return async ([, value]) => {
      const answer = await lab.answer({ fields: { authorization: `Basic ${value}` } });
      expect(answer.status).toBe(401);
      expect(challengesOf(answer)).toEqual(['Basic realm="Users", charset="UTF-8"']);
      expect(verified).toEqual([]);
    };
  },
);

securityCase('BA-02: splits at the first colon: the password pa:ss stays whole', async (lab) => {
  const verified = await startBasic(lab);
  expect(await lab.status(basic('alice:pa:ss:'))).toBe(401);
  expect(verified).toEqual([['alice', 'pa:ss:']]);
});

securityCase('BA-03: empty Basic is not anonymous, even where guests are welcome', async (lab) => {
  await lab.start({
    auth: { strategy: 'basic', credentials: [fromAuthorizationHeader()], optional: true },
    providers: [HttpBasicStrategy],
  });
  expect(await lab.status(basic(':'))).toBe(401);
  expect(await lab.status()).toBe(101);
});

securityCase('BA-07: reads one user whether the name is written NFC or NFD', async (lab) => {
  const verified = await startBasic(lab);
  const nfc = 'Ren\u00e9e';
  expect(await lab.status(basic(`${nfc}:secret of ${nfc}`))).toBe(101);
  expect(await lab.status(basic(`${nfc.normalize('NFD')}:secret of ${nfc}`))).toBe(101);
  expect(verified.map(([user]) => user)).toEqual([nfc, nfc]);
});

securityCase('BA-07: keeps a BOM, which is part of the name', async (lab) => {
  const verified = await startBasic(lab);
  expect(await lab.status(basic('\ufeffalice:secret of alice'))).toBe(401);
  expect(verified).toEqual([['\ufeffalice', 'secret of alice']]);
});

securityCase('BA-08: reads the user information that ws sends decoded and unasked', async (lab) => {
  const verified = await startBasic(lab);
  const client = lab.app.connectTo(`ws://us%40er:secret%20of%20us%40er@127.0.0.1:${lab.port}/`);
  await client.opened();
  expect(verified).toEqual([['us@er', 'secret of us@er']]);
  await client[Symbol.asyncDispose]();
});

securityCase('BA-08: takes what a client leaves percent-encoded literally', async (lab) => {
  const verified = await startBasic(lab);
  expect(await lab.status(basic('us%40er:p%C3%A9'))).toBe(401);
  expect(verified).toEqual([['us%40er', 'p%C3%A9']]);
});

preparedTable(
  'BA-10: refuses cached Basic credentials from a page of another origin with 403',
  ['https://evil.example', 'null', 'http://127.0.0.1'],
  async (lab) => {
    const verified = await startBasic(lab);
    return async (origin) => {
      verified.length = 0;
      const { fields } = basic('alice:secret of alice');
      expect(await lab.status({ fields: { ...fields, origin } })).toBe(403);
      expect(verified).toEqual([]);
      expect(await lab.status({ fields: { ...fields, origin: lab.app.origin } })).toBe(101);
    };
  },
);

securityCase(
  'BA-12: answers an unknown user and a wrong password alike, in the same time',
  async (lab) => {
    await startBasic(lab);
    const samples = { unknown: [] as number[], wrong: [] as number[] };
    const answers = new Set<string>();
    const sample = async (kind: keyof typeof samples, parts: HandshakeParts) => {
      const startedAt = performance.now();
      const peer = lab.knock(parts);
      const { status, fields, body } = await peer.response();
      samples[kind].push(performance.now() - startedAt);
      answers.add(JSON.stringify({ status, fields, body }));
      peer.reset();
      lab.peers.pop();
    };
    for (let index = 0; index < 1_000; index += 1) {
      await sample('unknown', basic('nobody:secret of alice'));
      await sample('wrong', basic('alice:secret of nobody'));
    }
    expect(answers.size).toBe(1);
    const [unknown, wrong] = [sorted(samples.unknown), sorted(samples.wrong)];
    expect(at(unknown, 0.5)).toBeGreaterThan(at(wrong, 0.05));
    expect(at(unknown, 0.5)).toBeLessThan(at(wrong, 0.95));
    expect(at(wrong, 0.5)).toBeGreaterThan(at(unknown, 0.05));
    expect(at(wrong, 0.5)).toBeLessThan(at(unknown, 0.95));
  },
  60_000,
);

function sorted(values: readonly number[]): number[] {
  return values.toSorted((first, second) => first - second);
}

function at(values: readonly number[], share: number): number {
  return values[Math.floor(values.length * share)]!;
}

const bySubprotocol = { auth: { credentials: [fromSubprotocol()] } };

securityTable(
  'SP-01: selects the real subprotocol and never the token, in any order',
  [
    ['the token first', (token: string) => `bearer.${token}, chat`],
    ['the token last', (token: string) => `chat, bearer.${token}`],
    ['two lines', (token: string) => [`bearer.${token}`, 'chat']],
  ] as const,
  bySubprotocol,
  async (lab, [, offer]) => {
    const answer = await lab.answer({ fields: { 'sec-websocket-protocol': offer(lab.token()) } });
    expect(answer.status).toBe(101);
    expect(fieldOf(answer.fields, 'sec-websocket-protocol')).toBe('chat');
  },
);

securityTable(
  'SP-02, SP-03, SP-05, SP-07: refuses an offer that does not hold one token and a subprotocol with 400',
  [
    ['SP-02: nothing to answer', (token: string) => `bearer.${token}`],
    ['SP-03: two tokens', (token: string) => `chat, bearer.${token}, bearer.other`],
    [
      'SP-03: a token in two lines',
      (token: string) => [`chat, bearer.${token}`, `bearer.${token}`],
    ],
    ['SP-05: a malformed list', (token: string) => `chat,,other, bearer.${token}`],
    ['SP-05: a subprotocol twice', (token: string) => `chat, chat, bearer.${token}`],
    ['SP-07: padding', (token: string) => `chat, bearer.${token}=`],
    ['SP-07: too large', () => `chat, bearer.${'a'.repeat(8_193)}`],
  ] as const,
  bySubprotocol,
  async (lab, [, offer]) => {
    const fields = { 'sec-websocket-protocol': offer(lab.token()) };
    expect(await lab.status({ fields })).toBe(400);
    expect(lab.count('authenticated')).toBe(0);
  },
);

function throwing(): never {
  throw new Error('cannot choose');
}

@WebSocketGateway({ path: '/throws', handleProtocols: throwing })
class ThrowingGateway extends WitnessGateway {}

@WsPublic()
@WebSocketGateway({ path: '/public-throws', handleProtocols: throwing })
class ThrowingPublicGateway {}

securityCase('SP-08: survives a handleProtocols that throws, with 500', async (lab) => {
  await lab.start({ gateways: [ThrowingGateway], providers: [ThrowingPublicGateway] });
  const fields = { 'sec-websocket-protocol': 'chat' };
  const verified = { ...lab.bearer(), ...fields };
  expect(await lab.status({ target: '/throws', fields: verified }), 'verified').toBe(500);
  expect(await lab.status({ target: '/throws', fields }), 'waits for its message').toBe(500);
  expect(await lab.status({ target: '/public-throws', fields }), 'public').toBe(500);
});
