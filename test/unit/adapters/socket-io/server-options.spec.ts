import { Namespace, Socket } from 'socket.io';
import { describe, expect, it } from 'vitest';
import { demandFreeProperty } from '../../../../lib/adapters/socket-io/server-options.js';
import { resolvePolicy } from '../../../../lib/policy/policy.js';

describe('the option property, with Socket.IO', () => {
  const members = Object.getOwnPropertyNames(Socket.prototype);

  it.each(members)('refuses to boot with %s, which a client has already', (property) => {
    expect(() =>
      demandFreeProperty(resolvePolicy({ strategy: 'jwt', property }, 'socket.io')),
    ).toThrow(/^property: /);
  });

  it('accepts any other name', () => {
    expect(() =>
      demandFreeProperty(resolvePolicy({ strategy: 'jwt', property: 'account' })),
    ).not.toThrow();
  });
});

it('Socket.IO has the members that the gates replace', () => {
  expect(Namespace.prototype).toHaveProperty('_doConnect');
  expect(Socket.prototype).toHaveProperty('_onpacket');
  expect(Socket.prototype).toHaveProperty('_onclose');
});
