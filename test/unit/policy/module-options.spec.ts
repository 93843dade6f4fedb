import { describe, expect, it } from 'vitest';
import { checkOptions } from '../../../lib/policy/check-options.js';
import { moduleOptions } from '../../../lib/policy/option-table.js';
import { graphqlWs } from '../../../lib/graphql-ws.js';
import { protectUpgrades } from '../../../lib/index.js';
import { ws } from '../../../lib/ws.js';

const subscriptions = graphqlWs();
const upgrades = (path: string) => protectUpgrades({ path });

describe('the options of the module', () => {
  it.each([
    [{ failedAttempts: {} }, /^failedAttempts: no limit is given; pass perAddress or perAccount/],
    [{ events: { authenticated: 'authenticate' } }, /^events: expected a different name/],
    [
      { platform: ws },
      /^platform: expected ws\(\) of nestjs-ws-auth\/ws or socketIo\(\) of .*, got /,
    ],
    [{ platform: 'ws' }, /^platform: expected ws\(\)/],
    [{ platforms: subscriptions }, /^platforms: expected a list of graphqlWs\(\)/],
    [{ platforms: [graphqlWs] }, /^platforms: expected a list of graphqlWs\(\)/],
    [{ platforms: [ws()] }, /^platforms: .*gateways have platform: ws\(\)/],
    [{ platforms: [null] }, /^platforms: expected a list/],
    [{ platforms: [subscriptions, subscriptions] }, /^platforms: one server is listed twice/],
    [{ upgrades: upgrades('/yjs') }, /^upgrades: expected a list of protectUpgrades/],
    [{ upgrades: [protectUpgrades] }, /^upgrades: expected a list of protectUpgrades/],
    [{ upgrades: [null] }, /^upgrades: expected a list/],
    [{ upgrades: [upgrades('/yjs'), upgrades('/YJS')] }, /^upgrades: \/yjs is listed twice/],
  ])('K11b: refuse what has no effect: %o', (options, message) => {
    expect(() => checkOptions(moduleOptions, options)).toThrow(message);
  });

  it('take a platform', () => {
    expect(checkOptions(moduleOptions, { platform: ws() }).platform?.transport).toBe('ws');
  });

  it('take other servers', () => {
    const options = { platforms: [subscriptions], upgrades: [upgrades('/yjs'), upgrades('/mqtt')] };
    expect(checkOptions(moduleOptions, options)).toMatchObject(options);
  });
});
