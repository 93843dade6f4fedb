import { MemoryWsAuthStore } from 'nestjs-ws-auth';
import { storeConformance, type OpenStore, type StoreNodes } from 'nestjs-ws-auth/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { patient } from '../support/patience.js';
import { RedisServer } from '../support/redis.js';
import {
  packages,
  storeOn,
  storeOnCluster,
  type ClientOfStore,
  type RedisPackage,
} from './redis-clients.js';

conformance('MemoryWsAuthStore', async () => {
  const store = new MemoryWsAuthStore();
  return { first: store, second: store, [Symbol.asyncDispose]: () => Promise.resolve() };
});

for (const cluster of [false, true]) {
  describe(cluster ? 'on a Redis cluster' : 'on Redis', () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await RedisServer.start({ cluster });
    });
    afterAll(() => server[Symbol.asyncDispose]());

    for (const name of packages) {
      conformance(`redisWsAuthStore with ${name}`, () => pairOn(server, name, name));
    }
    conformance('redisWsAuthStore, one node with each package', () =>
      pairOn(server, 'redis', 'ioredis'),
    );
    if (cluster) {
      conformance('redisWsAuthStore with the cluster client of ioredis', async () =>
        pairOf(await storeOnCluster(server.port), await storeOnCluster(server.port)),
      );
    }
  });
}

/** Cases that have an id in the catalogue. */
const idsInCatalogue: Readonly<Record<string, string>> = {
  'revocation-token-names': 'K1a: ',
  'journal-pages': 'D3: ',
};

function conformance(store: string, open: OpenStore): void {
  describe(store, () => {
    for (const { id, name, run } of storeConformance(open, { timeoutMs: patient(20_000) })) {
      it(`${idsInCatalogue[id] ?? ''}${name}`, run);
    }
  });
}

let prefixes = 0;

async function pairOn(
  server: RedisServer,
  firstPackage: RedisPackage,
  secondPackage: RedisPackage,
): Promise<StoreNodes> {
  prefixes += 1;
  // Thousands of simultaneous commands take a busy machine longer than one command should take.
  const options = { keyPrefix: `conformance:${prefixes}`, commandTimeoutMs: 20_000 };
  const first = await storeOn(firstPackage, server.url, options);
  return pairOf(first, await storeOn(secondPackage, server.url, options));
}

function pairOf(first: ClientOfStore, second: ClientOfStore): StoreNodes {
  return {
    first: first.store,
    second: second.store,
    async [Symbol.asyncDispose]() {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}
