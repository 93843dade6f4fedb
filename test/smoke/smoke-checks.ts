import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { sendTogether } from '../support/send-together.js';
import { tokenOf } from '../support/tokens.js';
import type { SmokeServer } from './smoke-server.js';

/** What must hold on every runtime, beside every `ws`. The last one ends the server. */
export interface SmokeCheck {
  readonly name: string;
  run(server: SmokeServer, expected: SmokeExpectation): Promise<void>;
}

/** What may differ. */
export interface SmokeExpectation {
  /** Whether the bounds of an open socket can be changed. */
  readonly raisesBounds: boolean;
}

/** Larger than a credential, smaller than what a session may send. */
const medium = 'm'.repeat(50_000);
const twentyMegabytes = 20 * 1_024 * 1_024;

export const smokeChecks: readonly SmokeCheck[] = [
  {
    name: 'closes on a message of 20 MB before authentication, at the head of its frame',
    async run(server) {
      const peer = server.raw().write(upgradeRequest());
      await peer.opened();
      peer.write(headOfFrame(twentyMegabytes));
      expect((await peer.closed()).code).toBe(1009);
    },
  },
  {
    name: 'closes on a message before authentication that is small only while it is compressed',
    async run(server) {
      const client = await server.connect().opened();
      expect(client.socket.extensions).toBe('permessage-deflate');
      client.emit('authenticate', { token: medium });
      expect((await client.closed()).code).toBe(1009);
    },
  },
  {
    name: 'refuses bad credentials, in the upgrade and in the first message',
    async run(server) {
      const headers = { authorization: 'Bearer bad' };
      expect((await server.connect({ headers }).refusal()).status).toBe(401);
      const client = await server.connect().opened();
      client.emit('authenticate', { token: 'bad' });
      expect(await client.closed()).toEqual({ code: 3000, reason: 'credential rejected' });
    },
  },
  {
    name: 'keeps what is sent with the first message, in order',
    async run(server) {
      const client = await server.connect().opened();
      const echoes = [1, 2, 3].map((data) => ({ event: 'echo', data }));
      sendTogether(client, { event: 'authenticate', data: { token: tokenOf('alice') } }, ...echoes);
      expect(await client.nextEvent()).toMatchObject({ event: 'authenticated' });
      for (const data of [1, 2, 3]) {
        expect(await client.nextEvent()).toMatchObject({ event: 'echo', data });
      }
    },
  },
  {
    name: 'sends short and long messages',
    async run(server) {
      const client = await server.enter('alice');
      for (const text of ['', 'short', 'x'.repeat(5_000), medium]) {
        expect(await client.ask('echo', text)).toBe(text);
      }
    },
  },
  {
    name: 'bounds a session that began with a first message, by the bounds of sessions if it can',
    async run(server, { raisesBounds }) {
      const client = await server.login('alice');
      expect(await client.ask('echo', 'short')).toBe('short');
      if (raisesBounds) {
        expect(await client.ask('echo', medium)).toBe(medium);
      } else {
        client.emit('echo', medium);
        expect((await client.closed()).code).toBe(1009);
      }
    },
  },
  {
    name: 'answers a close frame',
    async run(server) {
      const client = await server.enter('alice');
      client.socket.close(1000);
      expect((await client.closed()).code).toBe(1000);
    },
  },
  {
    name: 'closes an expired session',
    async run(server) {
      const client = await server.enter('brief');
      expect(await client.closed()).toEqual({ code: 3000, reason: 'token expired' });
    },
  },
  {
    name: 'closes a revoked session, and no other',
    async run(server) {
      const [bob, carol] = [await server.enter('bob'), await server.login('carol')];
      expect(await server.ask('revoke bob')).toBe(1);
      expect(await bob.closed()).toEqual({ code: 3000, reason: 'revoked' });
      expect(await carol.ask('echo', 'here')).toBe('here');
    },
  },
  {
    name: 'closes sessions when it shuts down, and ends',
    async run(server) {
      const clients = [await server.enter('dave'), await server.login('erin')];
      const closed = server.ask('close');
      for (const client of clients) {
        expect(await client.closed()).toEqual({ code: 1001, reason: 'server shutting down' });
      }
      expect(await closed).toBe('closed');
      await server.ended();
    },
  },
];

function upgradeRequest(): string {
  return [
    'GET /chat HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ].join('\r\n');
}

/** The head of a masked text frame. */
function headOfFrame(length: number): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x81;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
