import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromFirstMessage,
  fromQueryParam,
  protectUpgrades,
  type WsAuthModuleOptions,
} from '../../../lib/index.js';
import { checkOptions } from '../../../lib/policy/check-options.js';
import { moduleOptions } from '../../../lib/policy/option-table.js';
import { upgradePolicyOptions } from '../../../lib/policy/protect-upgrades.js';

const own = [fromQueryParam('token')];
const names = (options: WsAuthModuleOptions) => options.credentials?.map(({ name }) => name);

describe('the policy of upgrades', () => {
  it.each([
    ['the header by default', {}, {}, ['fromAuthorizationHeader']],
    ['those of the module', {}, { credentials: own }, ['fromQueryParam']],
    ['its own', { credentials: own }, { credentials: [fromFirstMessage()] }, ['fromQueryParam']],
  ])('reads %s', (_what, options, module, expected) => {
    const upgrades = protectUpgrades({ path: '/yjs', ...options });
    expect(names(upgradePolicyOptions(module, upgrades))).toEqual(expected);
  });

  it('overrides the module, and leaves out how gateways refuse', () => {
    const upgrades = protectUpgrades({ path: '/yjs', realm: 'Yjs' });
    const module = { realm: 'Users', rejection: 'close', strategy: 'jwt' } as const;
    const { credentials: _credentials, ...options } = upgradePolicyOptions(module, upgrades);
    expect(options).toEqual({ realm: 'Yjs', strategy: 'jwt' });
  });

  it('refuses a first message', () => {
    const upgrades = protectUpgrades({ path: '/yjs' });
    const credentials = [fromAuthorizationHeader(), fromFirstMessage()];
    expect(() => upgradePolicyOptions({ credentials }, upgrades)).toThrow(
      /^upgrades: \/yjs cannot use fromFirstMessage\(\)/,
    );
  });
});

it.each([undefined, null, 5, '', 'yjs', '/yjs/*', '/a//b', '/a/./b', '/a/..', '/a b', '/%79'])(
  'refuses the path %o',
  (path) => {
    expect(() => protectUpgrades({ path: path as string })).toThrow(/^protectUpgrades\.path: /);
  },
);

it.each(['/', '/yjs', '/yjs/', '/.well-known/x', '/a.b/c-d_e~f'])('takes the path %s', (path) => {
  expect(protectUpgrades({ path }).path).toBe(path);
});

it.each([[[null]], [[{ path: '/a' }]], [[{ path: '/a', policy: null }]], [['/a']]])(
  'refuses %o in place of upgrades',
  (upgrades) => {
    expect(() => checkOptions(moduleOptions, { upgrades })).toThrow(/^upgrades: expected a list/);
  },
);
