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
import { frameOf } from '../support/raw-peer.js';
import { bearerOf, customStrategy, HttpBasicStrategy } from '../support/strategies.js';
import { wildStrategy } from './wild-strategy.js';
import { turns } from '../support/turns.js';

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

/** Expects a status for each query, without a strategy that sees it. */
function queryTable(name: string, queries: readonly string[], status: 400 | 401): void {
  preparedTable(name, queries, async (lab) => {
    const seen = await startRecording(lab);
    return async (query) => {
      const answer = await lab.answer({ target: `/${query}` });
      expect(answer.status).toBe(status);
      expect(challengesOf(answer)).toEqual(status === 401 ? [bearerChallenge] : []);
      expect(seen).toEqual([]);
    };
  });
}

queryTable(
  'QP-01: refuses a repeated parameter with 400',
  ['?token=a&token=b', '?token=a&token=a', '?token=a&token=', '?token=a&%74oken=b'],
  400,
);

queryTable(
  'QP-02: treats an empty parameter as a missing credential',
  ['?token=', '?token', '?token&x=1', '?&&'],
  401,
);

queryTable(
  'QP-03: refuses a parameter that does not decode with 400',
  ['%', '%zz', '%ff', '%c3', 'a%', '%e0%a4%a'].map((value) => `?token=${value}`),
  400,
);

queryTable(
  'QP-05: reads a name with brackets or a dot as another parameter, and no strategy gets an array',
  ['?token[]=a', '?token[x]=a', '?token%5B%5D=a', '?token.x=a'],
  401,
);

queryTable('QP-07: reads TOKEN as another parameter than token', ['?TOKEN=x'], 401);

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

securityTable(
  'AH-01: refuses two Authorization lines with 400',
  [
    [
      'Basic then Bearer',
      (lab: Lab) => [lab.basic('a', 'b').authorization, lab.bearer().authorization],
    ],
    [
      'Bearer then Basic',
      (lab: Lab) => [lab.bearer().authorization, lab.basic('a', 'b').authorization],
    ],
    ['the same Bearer twice', (lab: Lab) => Array(2).fill(lab.bearer().authorization) as string[]],
    ['an empty one and Bearer', (lab: Lab) => ['', lab.bearer().authorization]],
  ] as const,
  {},
  async (lab, [, lines]) => {
    expect(await lab.status({ fields: { authorization: lines(lab) } })).toBe(400);
  },
);

securityTable(
  'AH-02: refuses Authorization beside another credential with 400',
  [
    ['a query parameter', (lab: Lab): HandshakeParts => ({ target: `/?token=${lab.token()}` })],
    [
      'a subprotocol',
      (lab: Lab): HandshakeParts => ({
        fields: { 'sec-websocket-protocol': `chat, bearer.${lab.token()}` },
      }),
    ],
    ['a malformed query parameter', (): HandshakeParts => ({ target: '/?token=%' })],
  ] as const,
  {
    auth: {
      credentials: [fromAuthorizationHeader(), fromQueryParam('token'), fromSubprotocol()],
    },
  },
  async (lab, [, parts]) => {
    const other = parts(lab);
    const answer = await lab.answer({ ...other, fields: { ...lab.bearer(), ...other.fields } });
    expect(answer).toMatchObject({ status: 400, body: 'more than one credential\n' });
  },
);

securityTable(
  'AH-04: accepts the scheme in any case',
  ['bearer', 'BEARER', 'bEaReR', 'Bearer '],
  {},
  async (lab, scheme) => {
    expect(await lab.status({ fields: { authorization: `${scheme} ${lab.token()}` } })).toBe(101);
  },
);

securityTable(
  'AH-05: refuses a malformed Bearer header with 400',
  ['Bearer', 'Bearer a b', 'Bearer a,b', 'Bearer a"b', 'Bearer =a', 'Bearer []', 'Bearer {}'],
  {},
  async (lab, authorization) => {
    expect(await lab.status({ fields: { authorization } })).toBe(400);
    expect(lab.refusals).toEqual(['ERR_WS_AUTH_MALFORMED_CREDENTIAL']);
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
    const token = lab.token('alice', { jti: 'token-1' });
    await lab.sessions.revoke({ tokenId: 'token-1' });
    const answer = await lab.answer({ fields: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(401);
    expect(challengesOf(answer)).toContain(invalidToken);
    expect(lab.refusals).toEqual(['ERR_WS_AUTH_REVOKED']);
  },
);

securityCase(
  'AH-07: a peer with a revoked token cannot end the process by a broken frame',
  async (lab) => {
    await lab.start();
    const token = lab.token('alice', { jti: 'token-1' });
    await lab.sessions.revoke({ tokenId: 'token-1' });
    const peer = lab.knock({ fields: { authorization: `Bearer ${token}` } });
    const { status } = await peer.response();
    if (status === 101) {
      await peer.write(frameOf('x', { rsv: 7 })).flushed();
    }
    await turns(50);
  },
);

securityCase(
  'AH-07: a peer with a revoked first message cannot end the process either',
  async (lab) => {
    await lab.start();
    const token = lab.token('alice', { jti: 'token-1' });
    await lab.sessions.revoke({ tokenId: 'token-1' });
    const peer = await lab.pendingPeer();
    peer.emit('authenticate', { token });
    expect(await peer.closed({ answer: false })).toEqual({ code: 3000, reason: 'revoked' });
    await peer.write(frameOf('x', { rsv: 7 })).flushed();
    await turns(50);
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
  'BA-01: refuses Basic without a colon or with control characters with 401 and runs no strategy',
  ['alice', '', 'alice\u0000:x', 'ali\u001bce:x', 'alice:\u007f', 'alice:a\r\nb'],
  async (lab) => {
    const verified = await startBasic(lab);
    return async (text) => {
      const answer = await lab.answer(basic(text));
      expect(answer.status).toBe(401);
      expect(challengesOf(answer)).toEqual(['Basic realm="Users", charset="UTF-8"']);
      expect(verified).toEqual([]);
    };
  },
);

preparedTable(
  'BA-01: refuses Basic that is not the base64 of a pair',
  ['YTpi\n', '!!!!', 'YTpi====', 'YT pi', 'YTpi,YTpi', 'YTp', 'YTpi=YTpi', '_-__'],
  async (lab) => {
    const verified = await startBasic(lab);
    return async (value) => {
      const authorization = `Basic ${value}`;
      expect([400, 401]).toContain(await lab.status({ fields: { authorization } }));
      expect(verified.filter(([user]) => user !== 'a')).toEqual([]);
      expect(lab.count('authenticated')).toBe(0);
    };
  },
);

securityCase('BA-02: splits at the first colon: the password pa:ss stays whole', async (lab) => {
  const verified = await startBasic(lab);
  expect(await lab.status(basic('alice:pa:ss:'))).toBe(401);
  expect(verified).toEqual([['alice', 'pa:ss:']]);
});

preparedTable(
  'BA-03: never treats an empty name or password as anonymous',
  [':pw', 'alice:', ':'],
  async (lab) => {
    await startBasic(lab);
    return async (text) => {
      expect(await lab.status(basic(text))).toBe(401);
    };
  },
);

securityCase('BA-03: not even where anonymous clients are welcome', async (lab) => {
  await lab.start({
    auth: { strategy: 'basic', credentials: [fromAuthorizationHeader()], optional: true },
    providers: [HttpBasicStrategy],
  });
  expect(await lab.status(basic(':'))).toBe(401);
  expect(await lab.status()).toBe(101);
});

preparedTable(
  'BA-05: refuses Basic that is not UTF-8 with 401 and runs no strategy',
  [
    Buffer.from([0xff, 0x3a, 0x61]),
    Buffer.from('a:\u00e9', 'latin1'),
    Buffer.from([0xed, 0xa0, 0x80, 0x3a]),
  ],
  async (lab) => {
    const verified = await startBasic(lab);
    return async (bytes) => {
      expect(await lab.status(basic(bytes))).toBe(401);
      expect(verified).toEqual([]);
    };
  },
);

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

/** Expects 400 for an offer that holds a good token. */
async function offerRefusedBy(lab: Lab, offer: string | readonly string[]): Promise<void> {
  expect(await lab.status({ fields: { 'sec-websocket-protocol': offer } })).toBe(400);
  expect(lab.count('authenticated')).toBe(0);
}

/** The same, by an application of its own. */
async function offerRefused(lab: Lab, offer: string | readonly string[]): Promise<void> {
  await lab.start(bySubprotocol);
  await offerRefusedBy(lab, offer);
}

securityCase('SP-02: refuses a token without a subprotocol to answer with 400', (lab) =>
  offerRefused(lab, `bearer.${lab.token()}`),
);

securityCase('SP-03: refuses two tokens with 400', (lab) =>
  offerRefused(lab, `chat, bearer.${lab.token()}, bearer.${lab.token('bob')}`),
);

securityCase('SP-03: refuses the same token in two lines with 400', async (lab) => {
  const entry = `bearer.${lab.token()}`;
  await offerRefused(lab, [`chat, ${entry}`, entry]);
});

securityTable(
  'SP-05: refuses a malformed list of subprotocols with 400',
  ['chat,chat', '', 'chat,,other', ', chat', 'chat/1', 'ch at', 'chat;q=1', 'ch\u00e4t', '"chat"'],
  bySubprotocol,
  (lab, offer) => offerRefusedBy(lab, [offer, `bearer.${lab.token()}`]),
);

securityCase('SP-07: refuses padding in a subprotocol, where it is not a token character', (lab) =>
  offerRefused(lab, `chat, bearer.${lab.token()}=`),
);

securityCase('SP-07: refuses a token over maxCredentialBytes with 400', (lab) =>
  offerRefused(lab, `chat, bearer.${'a'.repeat(8_193)}`),
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
  await lab.start({ gateways: [ThrowingGateway] });
  const fields = { ...lab.bearer(), 'sec-websocket-protocol': 'chat' };
  expect(await lab.status({ target: '/throws', fields })).toBe(500);
});

securityCase(
  'SP-08: survives it for a socket that waits for its first message, with 500',
  async (lab) => {
    await lab.start({ gateways: [ThrowingGateway] });
    const fields = { 'sec-websocket-protocol': 'chat' };
    expect(await lab.status({ target: '/throws', fields })).toBe(500);
  },
);

securityCase('SP-08: survives it in a public gateway, with 500', async (lab) => {
  await lab.start({ providers: [ThrowingPublicGateway] });
  const fields = { 'sec-websocket-protocol': 'chat' };
  expect(await lab.status({ target: '/public-throws', fields })).toBe(500);
});
