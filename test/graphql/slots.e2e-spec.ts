import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import type { TestApp } from '../support/app.js';
import { patient } from '../support/patience.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { startGraphql } from './graphql-app.js';

const init = (token: string) => JSON.stringify({ type: 'connection_init', payload: { token } });

/** A client, when its upgrade is answered: an open one, or one that was refused. */
async function open(app: TestApp, options: ClientOptions = {}): Promise<WebSocket> {
  const client = new WebSocket(app.url('/graphql'), 'graphql-transport-ws', options);
  client.on('error', () => undefined);
  await new Promise((resolve) => client.once('open', resolve).once('close', resolve));
  return client;
}

const isOpen = ({ readyState }: WebSocket) => readyState === WebSocket.OPEN;

const closed = (client: WebSocket) =>
  client.readyState === WebSocket.CLOSED || new Promise((resolve) => client.once('close', resolve));

/** Has a client come and go. */
const ways: Readonly<Record<string, (app: TestApp) => Promise<unknown>>> = {
  'sends no connection_init': async (app) => closed(await open(app)),
  'presents a token and sends no connection_init': async (app) => closed(await open(app, bearer())),
  'sends too much': async (app) => {
    const client = await open(app);
    client.send(init('x'.repeat(100_000)));
    return closed(client);
  },
  'is refused': async (app) => {
    const client = await open(app);
    client.send(init('wrong'));
    return closed(client);
  },
  leaves: async (app) => {
    const client = await open(app);
    client.close();
    return closed(client);
  },
  'leaves when it has sent its token': async (app) => {
    const client = await open(app);
    client.send(init(tokenOf('alice')));
    client.terminate();
    return closed(client);
  },
  'gives way to one that presents a token': async (app) => {
    const silent = await open(app);
    const other = await open(app, bearer());
    await closed(silent);
    other.close();
    return closed(other);
  },
  'has a session': async (app) => {
    const client = await open(app);
    client.send(init(tokenOf('alice')));
    await once(client, 'message');
    client.close();
    return closed(client);
  },
};

describe('the only slot', () => {
  it.each(Object.keys(ways))(
    'K6d: is free, and the only one, after a client that %s',
    async (way) => {
      await using graphql = await startGraphql({
        own: { authTimeoutMs: patient(200) },
        module: { maxPending: 1 },
      });
      const { app } = graphql;
      await ways[way]!(app);
      await expect.poll(async () => isOpen(await open(app))).toBe(true);
      expect(isOpen(await open(app))).toBe(false);
    },
  );
});
