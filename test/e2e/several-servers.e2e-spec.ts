import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { WsAuthAdapter } from '../../lib/ws.js';
import { serveGateways } from '../readme/snippets/several-servers.js';
import { startProtected } from '../support/app.js';
import { bearer, tokenOf } from '../support/tokens.js';
import { fateOf } from '../support/connections.js';

it('K8e: protects gateways on every HTTP server that forwards its upgrades', async () => {
  await using app = await startProtected();
  const other = createServer();
  serveGateways(app.nest, other);
  await once(other.listen(0, '127.0.0.1'), 'listening');
  const url = `ws://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  const client = await app.connectTo(url, bearer(tokenOf('alice'))).opened();
  client.emit('whoami');
  expect(await client.next()).toContain('"user":"alice"');
  expect(await fateOf(app.connectTo(url, bearer('bad')))).toBe('refused 401');
  other.close();
});

it.each([[createServer()], [{}], [null]])(
  'K8e: refuses %o in place of the application',
  (wrong) => {
    expect(() => new WsAuthAdapter(wrong as never)).toThrow(
      /^WsAuthAdapter: expected the Nest application.* 'upgrade'/,
    );
  },
);
