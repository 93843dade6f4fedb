import { Logger } from '@nestjs/common';
import { WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it, vi } from 'vitest';
import { handshakeOf } from '../support/invariants.js';
import { RawPeer } from '../support/raw-peer.js';
import { tokenOf } from '../support/tokens.js';
import { DetachedWs } from './support/detached-ws.js';
import { startIo, type IoApp } from './support/io-app.js';
import { IoEcho } from './support/io-gateways.js';
import { RawPolling } from './support/raw-io.js';
import { until } from './support/until.js';

@WebSocketGateway({ wsEngine: DetachedWs } as object)
class DetachedGateway extends IoEcho {}

const auth = { token: tokenOf('alice') };
const target = '/socket.io/?EIO=4&transport=websocket';
const open = ({ port }: IoApp, query = '') =>
  new RawPeer(port).write(handshakeOf({ target: target + query }, port));

/** A session in polling, which may change to a WebSocket. */
async function openSession(app: IoApp): Promise<RawPolling> {
  const polling = await RawPolling.open(app.url);
  await polling.send([`0${JSON.stringify(auth)}`]);
  await until(() => app.sessions.count() === 1);
  return polling;
}

describe('a wsEngine that takes TCP sockets from Node.js', () => {
  it('serves clients with a session, and is named at boot', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue();
    await using app = await startIo({ shutdownTimeoutMs: 100 }, [DetachedGateway]);
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^wsEngine: .* may send maxHttpBufferSize \(1000000 bytes\)/)],
    ]);
    warn.mockRestore();
    for (const transports of [['websocket'], ['polling', 'websocket']]) {
      const client = await app.open('websocket', { transports, auth }).connected();
      await expect(client.ask('echo', 'x')).resolves.toBe('x');
    }
  });

  it('K6d: keeps the slot of a refused client until its socket is closed', async () => {
    await using app = await startIo({ shutdownTimeoutMs: 100 }, [DetachedGateway]);
    await using peer = await open(app).opened();
    peer.send('40{"token":"bad"}');
    await peer.closed({ answer: false });
    expect(app.pending).toBe(1);
    await peer[Symbol.asyncDispose]();
    await until(() => app.pending === 0);
  });

  it('K6d: has one WebSocket for a client of polling at a time', async () => {
    await using app = await startIo({ shutdownTimeoutMs: 100 }, [DetachedGateway]);
    const { sid } = await openSession(app);
    const first = await open(app, `&sid=${sid}`).opened();
    await using second = open(app, `&sid=${sid}`);
    expect((await second.response()).status).toBe(429);
    await first[Symbol.asyncDispose]();
    await expect
      .poll(async () => {
        await using next = open(app, `&sid=${sid}`);
        return (await next.response()).status;
      })
      .toBe(101);
  });

  it('K6d: keeps no client of Socket.IO 2, which engine.io refuses after the 101', async () => {
    await using app = await startIo({ shutdownTimeoutMs: 100 }, [DetachedGateway]);
    await using peer = await open(app, '&EIO=3').opened();
    await peer.closed({ answer: true });
    expect(app.pending).toBe(0);
  });

  it('K6: closes the WebSocket of a client that tries it twice', async () => {
    await using app = await startIo({ shutdownTimeoutMs: 100 }, [DetachedGateway]);
    const { sid } = await openSession(app);
    await using peer = await open(app, `&sid=${sid}`).opened();
    peer.send('2probe').send('2probe').send('2probe');
    await peer.closed({ answer: true });
    expect(peer.received.toString('latin1').split('3probe')).toHaveLength(2);
  });
});
