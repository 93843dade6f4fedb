export { redisWsAuthStore } from './redis/redis.store.js';

export type {
  IoRedisClient,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisSentinel,
  WsAuthRedisClient,
} from './redis/redis-client.js';
export type { RedisStoreOptions } from './redis/store-options.js';
