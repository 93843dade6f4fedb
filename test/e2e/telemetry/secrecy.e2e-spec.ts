import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  fromUserInfo,
  type WsCredentialExtractor,
} from '../../../lib/index.js';
import { startProtected, type TestApp } from '../../support/app.js';
import type { ConnectOptions, TestClient } from '../../support/client.js';
import { customStrategy } from '../../support/strategies.js';
import { basicHeader, bearer } from '../../support/tokens.js';
import { Recorder } from './recorder.js';

const canary = 'c4n4ry-Zm9vYmFyYmF6cXV4.value';
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** What must not leave: every form in which the canary travels, and the address of the client. */
const secrets = [
  canary,
  Buffer.from(canary).toString('base64url'),
  base64(`${canary}:x`),
  base64(`alice:${canary}`),
  '127.0.0.1',
];

interface Way {
  readonly name: string;
  readonly extractor: WsCredentialExtractor;
  readonly path?: string;
  readonly options?: (app: TestApp) => ConnectOptions;
}

const onUpgrade: readonly Way[] = [
  {
    name: 'Authorization: Bearer',
    extractor: fromAuthorizationHeader(),
    options: () => bearer(canary),
  },
  {
    name: 'Authorization: Basic',
    extractor: fromAuthorizationHeader(),
    options: () => ({ headers: { authorization: basicHeader('alice', canary) } }),
  },
  { name: 'a query parameter', extractor: fromQueryParam('token'), path: `/?a=1&token=${canary}` },
  {
    name: 'a cookie',
    extractor: fromCookie('token'),
    options: ({ origin }) => ({ headers: { cookie: `a=1; token=${canary}`, origin } }),
  },
  {
    name: 'a subprotocol',
    extractor: fromSubprotocol(),
    options: () => ({ protocols: ['chat', `bearer.${canary}`] }),
  },
  {
    name: 'the user name of the URL',
    extractor: fromUserInfo(),
    options: () => ({ headers: { authorization: basicHeader(canary, 'x') } }),
  },
  {
    name: 'what a strategy reads itself',
    extractor: fromRequest({ headers: ['X-Api-Key'], queryParams: ['key'] }),
    path: `/?key=${canary}`,
    options: ({ origin }) => ({
      headers: { 'x-api-key': canary, cookie: `sid=${canary}`, origin },
    }),
  },
];

const verdicts = {
  accepted: () => ({ id: 'alice' }),
  refused: () => false,
  failed: () => {
    throw new Error(`no user of ${canary}`);
  },
};
type Verdict = keyof typeof verdicts;

function startJudge(recorder: Recorder, extractor: WsCredentialExtractor, verdict: () => Verdict) {
  const judge = customStrategy('judge', () => verdicts[verdict()]());
  const options = { telemetry: recorder.telemetry(), strategy: 'judge', credentials: [extractor] };
  return startProtected(options, [judge]);
}

/** There were as many attempts, and nothing that was recorded of them is a secret. */
async function expectNoSecret(recorder: Recorder, attempts: number): Promise<void> {
  expect(recorder.spans()).toHaveLength(attempts);
  const counted = await recorder.measured('ws_auth.attempts');
  expect(counted.reduce((sum, [, value]) => sum + value, 0)).toBe(attempts);
  const everything = await recorder.everything();
  expect(secrets.filter((secret) => everything.includes(secret))).toEqual([]);
}

async function sendFirst(client: TestClient): Promise<void> {
  await client.opened();
  client.emit('authenticate', { token: canary });
}

describe.each(Object.keys(verdicts) as Verdict[])(
  'spans and measurements hold neither a credential that is %s nor an address',
  (verdict) => {
    it.each(onUpgrade)('with $name', async ({ extractor, path = '/', options }) => {
      using recorder = new Recorder();
      await using app = await startJudge(recorder, extractor, () => verdict);
      const client = app.connect(path, options?.(app));
      await (verdict === 'accepted' ? client.opened() : client.refusal());
      await expectNoSecret(recorder, 1);
    });

    it('in the first message', async () => {
      using recorder = new Recorder();
      await using app = await startJudge(recorder, fromFirstMessage(), () => verdict);
      const client = app.connect(`/?room=${canary}`);
      await sendFirst(client);
      await (verdict === 'accepted' ? client.nextEvent() : client.closed());
      await expectNoSecret(recorder, 1);
    });

    it('in a renewal', async () => {
      using recorder = new Recorder();
      let now: Verdict = 'accepted';
      await using app = await startJudge(recorder, fromQueryParam('token'), () => now);
      const client = await app.connect(`/?token=${canary}`).opened();
      await client.barrier();
      now = verdict;
      client.emit('authenticate', { token: canary });
      await (verdict === 'accepted' ? client.nextEvent() : client.closed());
      await expectNoSecret(recorder, 2);
    });
  },
);
