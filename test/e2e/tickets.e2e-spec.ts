import { expect, it } from 'vitest';
import {
  fromQueryParam,
  WsAuthConfigurationError,
  WsTickets,
  type TicketOptions,
  type WsAuthModuleOptions,
} from '../../lib/index.js';
import { startProtected, type TestApp } from '../support/app.js';

const viaTicket: WsAuthModuleOptions = {
  strategy: 'ws-ticket',
  credentials: [fromQueryParam('ticket')],
  tickets: {},
  trustProxy: 1,
};

async function ticketFor(app: TestApp, user: object, options?: TicketOptions): Promise<string> {
  return (await app.nest.get(WsTickets).issue(user, options)).ticket;
}

it.each(['', 'unknown', '_hidden', 'unix:', 'localhost', '1.2.3', undefined, null, 7])(
  'K4c: issues no ticket that is bound to the address %j',
  async (address) => {
    await using app = await startProtected(viaTicket);
    const options = { address } as TicketOptions;
    const issued = app.nest.get(WsTickets).issue({ id: 'alice' }, options);
    await expect(issued).rejects.toThrow(WsAuthConfigurationError);
    await expect(issued).rejects.toThrow('address: expected the IPv4 or IPv6 address');
  },
);

it.each([
  ['[2001:db8:1::1]:51234', '2001:db8:1::2'],
  ['203.0.113.7', '::ffff:203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7:4242'],
])('K4c: a ticket for %s is good for a client at %s', async (address, from) => {
  await using app = await startProtected(viaTicket);
  const ticket = await ticketFor(app, { id: 'alice' }, { address });
  const headers = { 'x-forwarded-for': from };
  const client = await app.connect(`/?ticket=${ticket}`, { headers }).opened();
  expect(await client.ask('whoami')).toMatchObject({ user: 'alice' });
});

it.each(['unknown', '_hidden', 'unix:', 'for=203.0.113.7', '203.0.113.8'])(
  'K4c: a ticket for an address is not good for a client at %s',
  async (from) => {
    await using app = await startProtected(viaTicket);
    const ticket = await ticketFor(app, { id: 'alice' }, { address: '203.0.113.7' });
    const headers = { 'x-forwarded-for': from };
    expect(await app.connect(`/?ticket=${ticket}`, { headers }).refusal()).toMatchObject({
      status: 401,
    });
  },
);
