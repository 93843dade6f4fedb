import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionKey } from '../../../lib/testing/connection-key.js';

/** Both ends of a connection. */
interface Ends {
  readonly client: Socket;
  readonly server: Socket;
}

describe('the key of a connection', () => {
  let listener: Server;
  beforeEach(async () => {
    listener = createServer().listen(0);
    await once(listener, 'listening');
  });
  afterEach(() => listener.close());

  async function open(): Promise<Ends> {
    const accepted = once(listener, 'connection') as Promise<[Socket]>;
    const client = connect((listener.address() as AddressInfo).port, '127.0.0.1');
    await once(client, 'connect');
    return { client, server: (await accepted)[0] };
  }

  it('is the same at both ends, also where the server listens on IPv6', async () => {
    const { client, server } = await open();
    expect(server.remoteAddress).toBe('::ffff:127.0.0.1');
    expect(connectionKey.ofServer(server)).toBe(connectionKey.ofClient(client));
    client.destroy();
  });

  it('is that of no other connection, though it comes from the same address', async () => {
    const [one, other] = [await open(), await open()];
    expect(connectionKey.ofServer(one.server)).not.toBe(connectionKey.ofServer(other.server));
    one.client.destroy();
    other.client.destroy();
  });
});
