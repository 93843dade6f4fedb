import { expect, it } from 'vitest';
import { fromAuthorizationHeader, fromFirstMessage } from '../../lib/index.js';
import { DeferredStrategy } from '../support/deferred-strategy.js';
import { tokenOf } from '../support/tokens.js';
import { ioTransports, startIo } from './support/io-app.js';
import { RootGateway } from './support/io-gateways.js';

/** A token that its issuer dates a minute ahead. */
const ahead = (jti: string) => tokenOf('alice', { jti, iat: Math.floor(Date.now() / 1_000) + 60 });

const credentials = [fromAuthorizationHeader(), fromFirstMessage()];

it.each(ioTransports)(
  'K4a: refuses a second credential whose user is revoked while it is judged, by %s',
  async (transport) => {
    const strategy = new DeferredStrategy();
    const options = { strategy: 'deferred', credentials };
    await using app = await startIo(options, [RootGateway, strategy.provider]);
    const authorization = `Bearer ${ahead('of the header')}`;
    const auth = { token: ahead('of the payload') };
    const client = app.open(transport, { extraHeaders: { authorization }, auth });
    for (let judged = 0; judged < 2; judged += 1) {
      await strategy.asked();
      if (judged === 1) {
        await app.sessions.revoke({ userId: 'alice' });
      }
      strategy.decide({ id: 'alice' });
    }
    await expect(client.refused()).resolves.toMatchObject({ data: { reason: 'revoked' } });
    expect(app.sessions.count()).toBe(0);
  },
);
