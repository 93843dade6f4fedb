import { runInThisContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { GatewayClass } from '../../../lib/decorators/gateway-demand.js';
import { leftoverChecks } from '../../../lib/module/leftover-checks.js';
import type { Policy } from '../../../lib/policy/policy.js';

const policy = {
  firstMessage: true,
  transport: 'socket.io',
  redaction: { queryParams: new Set(['token']) },
} as unknown as Policy;

/** A gateway whose method is one line, as bundles have it. */
const gateway = (code: string) =>
  runInThisContext(`(class Chat { say(a) { ${code} } })`) as GatewayClass;

const repeated: readonly [string, string, string][] = [
  ['var b={', 'token:1,', '}'],
  ['var b={', 'authorization:1,', '}'],
  ['var b=1', ',{token:c}=handshake', ''],
  ['var b=1', ',{authorization:c}=b', ''],
];

it.each(repeated)(
  'K6b: is looked for in time that grows as the code does: %s%s',
  (begin, part, end) => {
    const long = gateway(`a.handshake;${begin}${part.repeat(100_000 / part.length)}${end}`);
    const beginAt = performance.now();
    expect(leftoverChecks(long, policy)).toEqual([]);
    expect(performance.now() - beginAt).toBeLessThan(500);
  },
);

it.each(['const { token } = a.handshake.auth', 'const { authorization } = a.handshake.headers'])(
  'K8a: is found where it is %s',
  (code) => expect(leftoverChecks(gateway(code), policy)).toHaveLength(1),
);
