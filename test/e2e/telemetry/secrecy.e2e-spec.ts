import { describe, expect, it } from 'vitest';
import {
  fromFirstMessage,
  fromQueryParam,
  type WsCredentialExtractor,
} from '../../../lib/index.js';
import { startProtected } from '../../support/app.js';
import { canary, canaryForms, canaryWays } from '../../support/canary-ways.js';
import type { TestClient } from '../../support/client.js';
import { customStrategy } from '../../support/strategies.js';
import { Recorder } from './recorder.js';

/** What must not leave: every form of the canary, and the address of the client. */
const secrets = [...canaryForms, '127.0.0.1'];

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
    it.each(canaryWays)('with %s', async (_name, extractor, path, options) => {
      using recorder = new Recorder();
      await using app = await startJudge(recorder, extractor, () => verdict);
      const client = app.connect(path, options(app));
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
