import { Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RefusalReporter } from '../../../lib/adapters/refusal-reporter.js';
import { WsAuthEvents } from '../../../lib/events/ws-auth-events.js';
import { httpResponse, refusalBody } from '../../../lib/protocol/http-response.js';
import { Refusal } from '../../../lib/protocol/refusal.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const required = (check: 'event' | 'json') =>
  new Refusal('ERR_WS_AUTH_CREDENTIAL_REQUIRED', { diagnosis: { check } });

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

  it('K14e: is empty where the option turns it off', () => {
    const logs = (['error', 'warn', 'log', 'debug', 'verbose'] as const).map((level) =>
      vi.spyOn(Logger.prototype, level).mockReturnValue(undefined),
    );
    const reporter = new RefusalReporter(new WsAuthEvents(), false);
    reporter.refused(new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED'), from, 'message');
    expect(logs.flatMap((log) => log.mock.calls)).toEqual([]);
  });
});

describe('the line of a refusal', () => {
  const from = { path: '/chat', address: '203.0.113.1' };
  const start = 'refused ERR_WS_AUTH_ORIGIN_REFUSED phase=handshake path=/chat address=203.0.113.1';
  const refusal = new Refusal('ERR_WS_AUTH_ORIGIN_REFUSED', {
    cause: new TypeError('secret'),
    diagnosis: {
      check: 'origin',
      extractor: 'fromCookie',
      fields: ['token', 'device'],
      origin: {
        sent: 'https://evil.example',
        expected: ['https://a.example', 'https://b.example'],
      },
    },
  });
  const facts = ' check=origin extractor=fromCookie fields=token,device error=TypeError';
  const origins = ' origin=https://evil.example expected=https://a.example,https://b.example';

  const fix: unknown = expect.stringMatching(
    /^fix, shown once: add the origin of the page to allowedOrigins, .*\(ERR_WS_AUTH_ORIGIN_REFUSED in nestjs-ws-auth\/lib\/guides\/troubleshooting\.md\)$/,
  );

  it('K8g: is followed by the fix, once for each kind of refusal', () => {
    const log = vi.spyOn(Logger.prototype, 'debug').mockReturnValue(undefined);
    const reporter = new RefusalReporter(new WsAuthEvents(), 'debug');
    for (const each of [refusal, refusal, required('event'), required('json'), refusal]) {
      reporter.refused(each, from, 'message');
    }
    reporter.refused(required('event'), { ...from, namespace: '/chat' }, 'message');
    const fixes = log.mock.calls.flatMap(([line]) => String(line).match(/^fix, .*: /) && [line]);
    expect(fixes.filter(Boolean)).toEqual([
      fix,
      expect.stringContaining('send {"event":"authenticate","data":{"token":"<token>"}}'),
      expect.stringContaining('send {"event":"authenticate","data":{"token":"<token>"}}'),
      expect.stringContaining('io(url, { auth: { token } })'),
    ]);
  });

  function linesAt(level: 'warn' | 'debug' | 'verbose') {
    const lines: unknown[][] = [];
    for (const each of ['warn', 'debug', 'verbose'] as const) {
      vi.spyOn(Logger.prototype, each).mockImplementation((text) => lines.push([each, text]));
    }
    new RefusalReporter(new WsAuthEvents(), level).refused(refusal, from, 'handshake');
    return lines;
  }

  it.each(['debug', 'verbose'] as const)('K8j: has both origins at %s', (level) => {
    expect(linesAt(level)).toEqual([
      [level, start + facts + origins],
      [level, fix],
    ]);
  });

  it('K8j: has no origins above debug, where a line of their own has them', () => {
    expect(linesAt('warn')).toEqual([
      ['warn', start + facts],
      ['debug', start + origins],
      ['warn', fix],
    ]);
  });

  it('K8g: has the answers of all strategies, and no control characters', () => {
    const log = vi.spyOn(Logger.prototype, 'debug').mockReturnValue(undefined);
    const strategies = [
      { strategy: 'jwt', answer: 'TokenExpiredError' },
      { strategy: 'ke\ny', answer: 'accepted', check: 'expired' },
    ] as const;
    const refused = new Refusal('ERR_WS_AUTH_CREDENTIAL_REJECTED', {
      cause: new Error('secret'),
      diagnosis: { strategies },
    });
    const events = new WsAuthEvents();
    const payloads: object[] = [];
    events.on('refused', (payload) => payloads.push(payload));
    new RefusalReporter(events, 'debug').refused(refused, from, 'message');
    expect(log.mock.calls).toEqual([
      [expect.stringMatching(/ strategy=jwt:TokenExpiredError,ke\?y:accepted\(expired\)$/)],
      [expect.stringMatching(/^fix, shown once: the end of the user or the token has passed/)],
    ]);
    expect(payloads).toEqual([expect.objectContaining({ diagnosis: { strategies } })]);
  });

  it('K8g: stays in the process', () => {
    const sent = [httpResponse(refusal), refusalBody(refusal), refusal.reason].join('\n');
    expect(sent).not.toMatch(/fromCookie|check|device|TypeError|evil/);
  });
});
