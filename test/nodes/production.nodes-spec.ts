import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeBlocks, rootFile } from '../readme/readme.js';
import { startProtected } from '../support/app.js';
import { patient, patienceMs } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { eventually, within } from './eventually.js';
import { startNode, statusOf } from './node.js';
import { packages, storeOn } from './redis-clients.js';

let server: RedisServer;
beforeEach(async () => {
  server = await RedisServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

const ignore = () => undefined;

/** What a logger has received as warnings. */
async function warningsOf(url: string): Promise<readonly string[]> {
  const warnings: string[] = [];
  const warn = (message: unknown) => warnings.push(String(message));
  const logger = { log: ignore, error: ignore, warn, debug: ignore, verbose: ignore };
  await using client = await storeOn('redis', url);
  await using _app = await startProtected({ store: client.store }, [], { logger });
  return warnings.filter((line) => line.startsWith('store: '));
}

describe('a node that starts', () => {
  it('warns of a Redis that may evict revocations', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await warningsOf(server.url)).toEqual([
      'store: redis may evict revocations, and so forget them: set maxmemory-policy noeviction, it is allkeys-lru',
    ]);
  });

  it('warns of a replica', async () => {
    await server.command('REPLICAOF', '127.0.0.1', '1');
    expect(await warningsOf(server.url)).toEqual([expect.stringContaining('is a replica')]);
  });

  it('warns of nothing on a Redis that is fit', async () => {
    expect(await warningsOf(server.url)).toEqual([]);
  });
});

/** The rules of the guide, for a user of another name and a store of another prefix. */
function rulesOfGuide(keyPrefix: string): readonly string[] {
  const blocks = codeBlocks(rootFile('lib/guides/deploys.md'), 'text');
  const [, rules] = /^user ws-auth on >the-password (.*)$/m.exec(blocks.join('\n'))!;
  return rules!.replaceAll('{ws-auth}', `{${keyPrefix}}`).split(' ');
}

describe.each(packages)('the ACL of the guide, with %s', (name) => {
  it('permits everything that nodes do, and nothing that they do not', async () => {
    const keyPrefix = `test-${randomUUID()}`;
    const rules = rulesOfGuide(keyPrefix);
    const made = await server.command('ACL', 'SETUSER', 'node', 'reset', 'on', '>secret', ...rules);
    expect(made).toBe('+OK\r\n');
    const url = server.url.replace('redis://', 'redis://node:secret@');
    const options = {
      package: name,
      redis: { keyPrefix },
      strategy: ['jwt', 'ws-ticket'],
      sessionLimitScope: 'cluster',
      maxSessionsPerUser: 2,
      onLimit: 'closeOldest',
      maxStalenessMs: patient(1_000),
      presence: true,
    } as const;
    {
      await using a = await startNode(url, options);
      await using b = await startNode(url, options);
      const [first] = [await a.enter('alice'), await b.enter('alice'), await b.enter('alice')];
      await within(patienceMs, first.closed(), 'the oldest makes room');
      await eventually(async () => (await a.sessions.countCluster('alice')) === 2, 'the list');
      const { ticket } = await a.tickets.issue({ id: 'bob' });
      expect(await statusOf(b.app.connect('/', bearer(ticket)))).toBe(101);
      const token = tokenOf('carol');
      const victim = await b.knock(token).opened();
      await a.sessions.revoke({ userId: 'carol' });
      await within(patienceMs, victim.closed(), 'the session ends');
      await a.sessions.disconnect({ userId: 'alice' }, { scope: 'cluster' });
      await eventually(async () => (await a.sessions.countCluster('alice')) === 0, 'the end');
      expect(await a.statusOf(token)).toBe(401);
    }
    await using admin = await storeOn('redis', server.url);
    expect(await admin.command('ACL', 'LOG')).toEqual([]);
    expect(await server.command('ACL', 'DRYRUN', 'node', 'FLUSHALL')).toContain('no permissions');
    expect(await server.command('ACL', 'DRYRUN', 'node', 'GET', 'x')).toContain('no permissions');
  });
});
