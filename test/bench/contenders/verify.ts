import { createSecretKey, type KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import type { Settings } from './contender.js';

/** What contenders make of a token. */
export interface User {
  readonly id: string;
}

/** A key object: a string costs `jsonwebtoken` more per token than a whole handshake. */
export function keyOf({ secret }: Settings): KeyObject {
  return createSecretKey(Buffer.from(secret, 'base64'));
}

/** Waits as long as a database would take to answer: the mean, give or take a quarter. */
export function pretendToAsk(delayMs: number): Promise<void> {
  return sleep(delayMs * (0.75 + Math.random() / 2));
}

/** Verifies a token the way people do by hand. */
export function verifier(settings: Settings): (token: string) => Promise<User> {
  const key = keyOf(settings);
  const { verifyDelayMs } = settings;
  return async (token) => {
    const { sub } = jwt.verify(token, key, { algorithms: ['HS256'] }) as JwtPayload;
    if (verifyDelayMs > 0) {
      await pretendToAsk(verifyDelayMs);
    }
    return { id: sub ?? '' };
  };
}
