/** The first version that has all commands of the store (`GETDEL`, `XADD` with `MINID`). */
const [leastMajor, leastMinor] = [6, 2] as const;

/**
 * What the operator of a Redis should change, one sentence each.
 *
 * @param info the reply of `INFO`
 */
export function adviceOf(info: string): readonly string[] {
  const facts = new Map(info.split(/\r?\n/).map(pairOf));
  const version = facts.get('redis_version');
  const policy = facts.get('maxmemory_policy');
  const advice = [
    version !== undefined &&
      isTooOld(version) &&
      `redis ${version} is too old: the store needs 6.2 or newer, and fails with an unknown command`,
    policy !== undefined &&
      policy !== 'noeviction' &&
      `redis may evict revocations, and so forget them: set maxmemory-policy noeviction, it is ${policy}`,
    facts.get('role') === 'slave' &&
      'redis is a replica, which takes no revocations and no tickets: connect to the primary',
  ];
  return advice.filter((each) => each !== false);
}

function pairOf(line: string): readonly [string, string] {
  const at = line.indexOf(':');
  // Only what is a version or a name comes into the log.
  return [line.slice(0, at), line.slice(at + 1).replace(/[^\w.-]/g, '')];
}

function isTooOld(version: string): boolean {
  const [major = NaN, minor = NaN] = version.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}
