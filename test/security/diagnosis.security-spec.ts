import { expect } from 'vitest';
import { fromAuthorizationHeader, fromFirstMessage, fromQueryParam } from '../../lib/index.js';
import { type HandshakeParts, type Lab, preparedTable } from '../support/invariants.js';
import { customStrategy } from '../support/strategies.js';

/** What a client sends, and a part of the line that the refusal must log. The case ends with a search for the canary everywhere. */
interface Refused {
  readonly handshake?: (lab: Lab) => HandshakeParts;
  readonly message?: (lab: Lab) => unknown;
  readonly line: string;
}

const query = (text: string): HandshakeParts => ({ target: `/?token=${encodeURIComponent(text)}` });
const header = (authorization: string): HandshakeParts => ({ fields: { authorization } });

const refused: readonly Refused[] = [
  {
    handshake: (lab) => header(`Bearer ${lab.token('a', { exp: 1 })}`),
    line: 'strategy=jwt:TokenExpiredError,wild:',
  },
  {
    handshake: (lab) => header(`Bearer ${lab.token('a', { nbf: 9e9 })}`),
    line: 'strategy=jwt:NotBeforeError,wild:',
  },
  {
    handshake: (lab) => header(`Bearer ${lab.token()}x`),
    line: 'strategy=jwt:JsonWebTokenError(signature),wild:Error',
  },
  { handshake: (lab) => header(`Basic ${lab.canary}`), line: 'check=basic' },
  {
    handshake: (lab) => query(`${lab.canary} `),
    line: 'check=token-whitespace extractor=fromQueryParam',
  },
  { handshake: (lab) => query(`Bearer ${lab.canary}`), line: 'check=token-scheme' },
  { handshake: (lab) => query(`"${lab.canary}"`), line: 'check=token-quotes' },
  {
    handshake: (lab) => ({ fields: { 'sec-websocket-key': lab.canary } }),
    line: 'check=sec-websocket-key',
  },
  { handshake: (lab) => ({ fields: { host: `${lab.canary}/` } }), line: 'check=host' },
  {
    message: (lab) => ({ accessToken: lab.canary }),
    line: 'strategy=jwt:no-token-found,wild:Error fields=accessToken',
  },
  { message: (lab) => ({ [lab.canary]: 1, a: 1 }), line: 'fields=?,a' },
  { message: (lab) => ({ token: ` ${lab.canary}` }), line: 'check=token-whitespace' },
  { message: (lab) => lab.canary, line: 'check=data' },
];

preparedTable('K8g: names why it refuses, and no value', refused, async (lab) => {
  const wild = customStrategy('wild', ({ headers, body }) => {
    const text = `${headers.authorization} ${JSON.stringify(body)}`;
    throw Object.assign(new Error(text), { name: text, status: 401, getStatus: () => 401 });
  });
  await lab.start({
    auth: {
      strategy: ['jwt', 'wild'],
      credentials: [fromAuthorizationHeader(), fromQueryParam('token'), fromFirstMessage()],
    },
    providers: [wild],
  });
  return async ({ handshake, message, line }) => {
    const before = lab.lines.length;
    if (handshake) {
      expect(await lab.status(handshake(lab))).toBeLessThan(403);
    } else {
      const peer = await lab.pendingPeer();
      await peer.emit('authenticate', message!(lab)).closed();
    }
    const logged = lab.lines.slice(before).filter((each) => each.includes(' refused '));
    expect(logged).toEqual([expect.stringContaining(line)]);
  };
});
