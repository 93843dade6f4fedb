import { describe, expect, it } from 'vitest';
import { connect, expectRefused } from '../../../lib/testing.js';
import { startGraphql } from '../../graphql/graphql-app.js';
import { Subscriber } from '../../graphql/graphql-client.js';
import { startIo } from '../../socket-io/support/io-app.js';
import { RootGateway } from '../../socket-io/support/io-gateways.js';
import { bearer, tokenOf } from '../../support/tokens.js';
import { Recorder } from './recorder.js';

const attempts = [
  '1 handshake fromAuthorizationHeader jwt accepted',
  '1 message fromFirstMessage jwt accepted',
  '1 message fromFirstMessage jwt refused ERR_WS_AUTH_CREDENTIAL_REJECTED',
];

describe('telemetry has the labels of native WebSockets', () => {
  it.each(['polling', 'websocket'] as const)('for Socket.IO, by %s', async (transport) => {
    using recorder = new Recorder();
    await using app = await startIo({ telemetry: recorder.telemetry() }, [RootGateway]);
    const transports = [transport];
    const auth = (token: string) => ({ firstMessage: { token }, transports });
    await using _machine = await connect(app.nest, { ...bearer(), transports });
    await using page = await connect(app.nest, auth(tokenOf('bob')));
    await expectRefused(connect(app.nest, auth('forged')), { closeCode: 3000 });
    page.renew({ id: 'bob' });
    await page.revoke();
    expect(await recorder.attempts()).toEqual(attempts);
    expect(await recorder.measured('ws_auth.session.count')).toEqual([[{}, 1]]);
    expect(await recorder.everything()).not.toMatch(/forged|bob/);
  });

  it('for graphql-ws', async () => {
    using recorder = new Recorder();
    await using graphql = await startGraphql({ module: { telemetry: recorder.telemetry() } });
    const { app } = graphql;
    await using machine = new Subscriber(app, {}, bearer());
    await machine.query('{ me }');
    await using page = new Subscriber(app, { connectionParams: { token: tokenOf('bob') } });
    await page.query('{ me }');
    await using forged = new Subscriber(app, { connectionParams: { token: 'forged' } });
    await forged.subscribe();
    expect(await recorder.attempts()).toEqual(attempts);
  });
});
