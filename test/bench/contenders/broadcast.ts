import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocketServer } from 'ws';

/** How long a command waits until everything that it has begun has happened, in milliseconds. */
export const settleMs = 2_000;

const news = JSON.stringify({ event: 'news', data: 'x'.repeat(32) });

/** Sends a message to all clients in one loop, as applications do. */
export async function broadcast({ clients }: WebSocketServer): Promise<void> {
  clients.forEach((client) => client.send(news));
  await delay(settleMs);
}
