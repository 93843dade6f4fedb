import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { TestApp } from '../support/app.js';
import { startProtected } from '../support/app.js';
import type { TestClient } from '../support/client.js';
import { EchoGateway } from '../support/gateways.js';
import { bearerOf, customStrategy } from '../support/strategies.js';

const connections = 200;
const messages = 5;

/** Takes its time, as one that asks a database does. */
const slowStrategy = customStrategy('slow', async (request) => {
  const id = bearerOf(request);
  await after(20);
  return id !== undefined && { id };
});

const options = { strategy: 'slow', maxPendingPerAddress: connections };

/** Opens a connection that sends all its messages the moment it is open. */
function burst(app: TestApp, index: number, onUpgrade: boolean): TestClient {
  const id = `user-${index}`;
  const headers = onUpgrade ? { authorization: `Bearer ${id}` } : {};
  const client = app.connect('/', { headers });
  client.socket.once('open', () => {
    if (!onUpgrade) {
      client.emit('authenticate', { token: id });
    }
    for (let message = 0; message < messages; message += 1) {
      client.emit('echo', [id, message]);
    }
  });
  return client;
}

async function answersOf(client: TestClient, count: number): Promise<unknown[]> {
  const answers: unknown[] = [];
  while (answers.length < count) {
    answers.push(await client.nextEvent());
  }
  return answers;
}

function expectedAnswers(index: number): unknown[] {
  return Array.from({ length: messages }, (_, message) => ({
    event: 'echo',
    data: [`user-${index}`, message],
  }));
}

describe(`${connections} connections that send ${messages} messages together, before a 20 ms strategy`, () => {
  it('on the upgrade: all are answered, in order, none before authentication', async () => {
    await using app = await startProtected(options, [slowStrategy]);
    const clients = Array.from({ length: connections }, (_, index) => burst(app, index, true));
    const answers = await Promise.all(clients.map((client) => answersOf(client, messages)));
    expect(answers).toEqual(answers.map((_, index) => expectedAnswers(index)));
    expectEverybodyMet(app);
  });

  it('by first message: all are answered, in order, none before authentication', async () => {
    await using app = await startProtected(options, [slowStrategy]);
    const clients = Array.from({ length: connections }, (_, index) => burst(app, index, false));
    const answers = await Promise.all(clients.map((client) => answersOf(client, messages + 1)));
    expect(answers).toEqual(
      answers.map((_, index) => [
        { event: 'authenticated', data: { expiresAt: null } },
        ...expectedAnswers(index),
      ]),
    );
    expectEverybodyMet(app);
  });
});

function expectEverybodyMet(app: TestApp): void {
  const { connected, unauthenticated } = app.nest.get(EchoGateway);
  expect(unauthenticated).toEqual([]);
  expect(connected).toHaveLength(connections);
  expect(new Set(connected.map(({ user }) => user?.id)).size).toBe(connections);
}
