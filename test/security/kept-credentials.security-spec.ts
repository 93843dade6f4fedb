import { once } from 'node:events';
import { getHeapSnapshot } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import {
  fromAuthorizationHeader,
  fromCookie,
  fromFirstMessage,
  fromQueryParam,
  fromSubprotocol,
} from '../../lib/index.js';
import { startGraphql } from '../graphql/graphql-app.js';
import { startIo } from '../socket-io/support/io-app.js';
import { RootGateway } from '../socket-io/support/io-gateways.js';
import { startGateways } from '../support/app.js';
import { EchoGateway } from '../support/gateways.js';
import { patient } from '../support/patience.js';
import { secret } from '../support/tokens.js';

/** V8 cuts texts of thirteen characters and more out of longer ones without a copy. */
@WebSocketGateway({ path: '/lobby/of/this/house' })
class LobbyGateway extends EchoGateway {}

const allowedOrigins = 'https://app.example.com';

interface Listening extends AsyncDisposable {
  readonly port: number;
}

/** A client in a thread of its own; resolves with the signature of its token when it has a session. */
async function bring(port: number, way: string) {
  const key = secret.export();
  const worker = new Worker(new URL('token-bearer.mjs', import.meta.url), {
    workerData: { port, way, key },
  });
  const [signature] = (await once(worker, 'message')) as [Uint8Array];
  return { worker, signature: Buffer.from(signature) };
}

/** Which of some bytes the strings of this process hold. */
async function keptOf(wanted: readonly Buffer[]): Promise<boolean[]> {
  const kept = wanted.map(() => false);
  let last = Buffer.alloc(0);
  for await (const chunk of getHeapSnapshot()) {
    const text = Buffer.concat([last, Buffer.from(chunk as Uint8Array)]);
    wanted.forEach((bytes, index) => (kept[index] ||= text.includes(bytes)));
    last = text.subarray(-wanted[0]!.length);
  }
  return kept;
}

/** Two clients of each way, since V8 keeps the text that a regular expression has met last. Returns the ways that leave a token. */
async function waysThatKeep(app: Listening, ways: readonly string[]): Promise<string[]> {
  const clients = [];
  for (const way of [...ways, ...ways]) {
    clients.push(await bring(app.port, way));
  }
  const kept = await keptOf(clients.slice(0, ways.length).map(({ signature }) => signature));
  await Promise.all(clients.map(({ worker }) => worker.terminate()));
  return ways.filter((_, index) => kept[index]);
}

// What a heap dump shows, an operator sees, and the service to which it is uploaded.
describe('LG-02: a session keeps nothing of its token', { timeout: patient(60_000) }, () => {
  it('on ws, in each place', async () => {
    const credentials = [
      fromAuthorizationHeader(),
      fromQueryParam('token'),
      fromCookie('jwt'),
      fromSubprotocol(),
      fromFirstMessage(),
    ];
    await using app = await startGateways({ credentials, allowedOrigins }, [LobbyGateway]);
    const ways = ['header', 'query', 'cookie', 'subprotocol', 'first message'];
    expect(await waysThatKeep(app, ways)).toEqual([]);
  });

  // A client with the token in its header sends it with each request of polling.
  it('on Socket.IO, in the header and in the payload', async () => {
    await using app = await startIo({}, [RootGateway]);
    const ways = ['polling, auth', 'websocket, header', 'websocket, auth'];
    expect(await waysThatKeep(app, ways)).toEqual([]);
  });

  it('on GraphQL, in connection_init', async () => {
    await using graphql = await startGraphql({ own: { path: '/graphql' } });
    expect(await waysThatKeep(graphql.app, ['graphql'])).toEqual([]);
  });
});
