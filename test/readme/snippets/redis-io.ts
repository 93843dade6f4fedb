import { Redis } from 'ioredis';
import { redisWsAuthStore } from 'nestjs-ws-auth/redis';

export const client = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379');
export const store = redisWsAuthStore(client);
