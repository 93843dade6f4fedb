import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader } from '../../../lib/credentials/authorization-header.extractor.js';
import { fromCookie } from '../../../lib/credentials/cookie.extractor.js';
import { fromFirstMessage } from '../../../lib/credentials/first-message.extractor.js';
import { fromRequest } from '../../../lib/credentials/request.extractor.js';
import { WsAuthConfigurationError } from '../../../lib/errors/ws-auth.error.js';
import { checkOptions } from '../../../lib/policy/check-options.js';
import { demandGatewayEffect, demandModuleEffect } from '../../../lib/policy/option-effects.js';
import { moduleOptions } from '../../../lib/policy/option-table.js';
import type { WsAuthModuleOptions } from '../../../lib/policy/options.js';
import { MemoryWsAuthStore } from '../../../lib/store/memory.store.js';

const settled = (options: WsAuthModuleOptions) => checkOptions(moduleOptions, options);

const onClass = (own: WsAuthModuleOptions) => ({ own, policy: own });

const header = [fromAuthorizationHeader()];
const store = new MemoryWsAuthStore();
const perAccount = { points: 1, windowMs: 1_000 };

const rows: readonly [WsAuthModuleOptions, WsAuthModuleOptions][] = [
  [{ optional: true }, { credentials: header }],
  [{ optional: true, credentials: [fromCookie('s'), fromFirstMessage()] }, { credentials: header }],
  [{ connectionTimeoutMs: 1_000, awaitConnection: false }, { awaitConnection: true }],
  [{ onLimit: 'closeOldest' }, { maxSessionsPerUser: 1 }],
  [{ sessionLimitScope: 'cluster' }, { maxSessionsPerUser: 1 }],
  [{ maxQueuedMessages: 1, credentials: header }, { credentials: [fromFirstMessage()] }],
  [{ maxQueuedBytes: 1, credentials: header }, { credentials: [fromFirstMessage()] }],
  [{ realm: 'Zone', credentials: [fromRequest()] }, { credentials: header }],
  [{ maxStalenessMs: 100 }, { store }],
  [{ onStoreLoss: 'keep' }, { store }],
  [{ presence: true }, { store }],
  [{ maxPendingPerAddress: 9, maxPending: 8 }, { maxPending: 9 }],
  [{ expiryWarningMs: 60_000, maxSessionAgeMs: 60_000 }, { maxSessionAgeMs: 60_001 }],
  [{ expiryWarningMs: 1, maxSessionAgeMs: 1 }, { expiryWarningMs: 0 }],
  [
    { failedAttempts: { perAccount }, credentials: [fromRequest()] },
    { credentials: [fromFirstMessage(), ...header] },
  ],
];

describe('options without effect', () => {
  it.each(rows)('K11b: %j is refused, and accepted with %j', (idle, cause) => {
    const [option = ''] = Object.keys(idle);
    const named = new RegExp(`^${option}: .*(?:no effect|counts)`);
    const both = { ...idle, ...cause };
    expect(() => demandModuleEffect(idle, settled(idle), [settled(idle)])).toThrow(named);
    expect(() => demandGatewayEffect(onClass(idle), settled(idle), '/a')).toThrow(
      /\(gateway \/a\)$/,
    );
    expect(() => demandModuleEffect(both, settled(both), [])).not.toThrow();
    expect(() =>
      demandModuleEffect(idle, settled(idle), [settled(idle), settled(both)]),
    ).not.toThrow();
    expect(() => demandGatewayEffect(onClass(both), settled(both), '/a')).not.toThrow();
  });

  it('K11b: options that no gateway can give an effect are refused without a gateway', () => {
    for (const [idle] of rows) {
      const judge = () => demandModuleEffect(idle, settled(idle), []);
      if ('maxStalenessMs' in idle || 'onStoreLoss' in idle || 'presence' in idle) {
        expect(judge).toThrow(WsAuthConfigurationError);
      } else {
        expect(judge).not.toThrow();
      }
    }
  });

  it('K11b: `presence: false` needs no store', () => {
    const without = { presence: false };
    expect(() => demandModuleEffect(without, settled(without), [])).not.toThrow();
  });

  it('K11b: an option of a base class that the gateway overrides is accepted', () => {
    const policy = { onLimit: 'refuse', maxSessionsPerUser: Infinity } as const;
    const own = { maxSessionsPerUser: Infinity };
    expect(() => demandGatewayEffect({ own, policy }, settled(policy), '/a')).not.toThrow();
  });

  it('K11b: `optional` of the module beside the first message of the module is refused', () => {
    const effective = settled({ optional: true });
    const credentials = [fromFirstMessage()];
    expect(() => demandGatewayEffect(onClass({}), effective, '/a')).toThrow(/^optional: /);
    expect(() => demandGatewayEffect(onClass({ credentials }), effective, '/a')).not.toThrow();
  });
});

const on = (transport: 'ws' | 'socket.io', options: WsAuthModuleOptions) => () =>
  demandGatewayEffect(onClass(options), { ...settled(options), transport }, '/');

describe('options of one transport', () => {
  it('refuse to boot on the other one, and name the reason', () => {
    expect(on('socket.io', { heartbeatIntervalMs: 1_000 })).toThrow(/pingInterval/);
    expect(on('ws', { heartbeatIntervalMs: 1_000 })).not.toThrow();
    expect(on('ws', { bindSidToAddress: true })).toThrow(/without Socket\.IO/);
    expect(on('ws', { bindSidToAddress: false })).not.toThrow();
    expect(on('socket.io', { bindSidToAddress: true })).not.toThrow();
  });
});
