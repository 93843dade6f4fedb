import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import {
  WsAuthEvents,
  WsAuthHealth,
  WsAuthModule,
  WsAuthSessions,
  WsTickets,
} from '../../../lib/index.js';
import { connect, connectAs, expectRefused } from '../../../lib/testing.js';
import { EchoGateway } from '../../support/gateways.js';
import { JwtStrategy } from '../../support/strategies.js';
import { tokenOf } from '../../support/tokens.js';

const classes = [WsAuthEvents, WsAuthHealth, WsAuthSessions, WsTickets] as const;

describe.each(classes.map((each) => [each.name, each] as const))(
  'K8r: a mock of %s',
  (_, mocked) => {
    it.each([
      ['without members', {}],
      ['that is frozen', Object.freeze({ on: () => undefined })],
      ['that is null', null],
    ])('%s changes nothing for the gateways', async (_what, mock) => {
      const metadata = {
        imports: [WsAuthModule.forRoot({ strategy: 'jwt', tickets: {} })],
        providers: [JwtStrategy, EchoGateway],
      };
      const module = await Test.createTestingModule(metadata)
        .overrideProvider(mocked)
        .useValue(mock)
        .compile();
      const app = module.createNestApplication({ logger: false });
      expect(app.get(mocked)).toBe(mock);
      await using client = await connectAs(app, { id: 'alice' });
      expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
      await using other = await connect(app, { firstMessage: { token: tokenOf('bob') } });
      expect(other.session).toMatchObject({ userId: 'bob' });
      await expectRefused(connect(app, { firstMessage: { token: 'x' } }), { closeCode: 3000 });
      expect(await client.revoke()).toMatchObject({ code: 3000, reason: 'revoked' });
      await app.close();
    });
  },
);
