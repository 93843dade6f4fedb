import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RefusalReporter } from '../../../lib/adapters/refusal-reporter.js';
import { WsAuthEvents } from '../../../lib/events/ws-auth-events.js';
import { Refusal } from '../../../lib/protocol/refusal.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the log of refusals', () => {
  const from = { path: '/chat', address: '203.0.113.1' };

  it.each(['error', 'warn', 'log', 'debug', 'verbose'] as const)(
    'K14e: has a line of level %s, also where Nest 11 does not know its levels',
    (level) => {
      vi.spyOn(Logger, 'isLevelEnabled').mockReturnValue(false);
      const log = vi.spyOn(Logger.prototype, level).mockReturnValue(undefined);
      const reporter = new RefusalReporter(new WsAuthEvents(), level);
      reporter.refused(new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED'), from, 'handshake');
      expect(log.mock.calls).toEqual([
        [expect.stringContaining('refused ERR_WS_AUTH_CREDENTIAL_REJECTED phase=handshake')],
      ]);
    },
  );

  it('K14e: is empty where the option says so', () => {
    const logs = (['error', 'warn', 'log', 'debug', 'verbose'] as const).map((level) =>
      vi.spyOn(Logger.prototype, level).mockReturnValue(undefined),
    );
    const reporter = new RefusalReporter(new WsAuthEvents(), false);
    reporter.refused(new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED'), from, 'message');
    expect(logs.flatMap((log) => log.mock.calls)).toEqual([]);
  });
});
