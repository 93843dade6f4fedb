import { expect, it } from 'vitest';
import { connect, connectAs } from '../../../lib/testing.js';
import { startIo } from '../../socket-io/support/io-app.js';
import { RootGateway } from '../../socket-io/support/io-gateways.js';

it.each([
  ['connect()', connect],
  ['connectAs()', (app: Parameters<typeof connect>[0]) => connectAs(app, { id: 'alice' })],
])('%s names the client for an application with Socket.IO', async (_name, open) => {
  await using app = await startIo({}, [RootGateway]);
  await expect(open(app.nest)).rejects.toThrow(
    /are of Socket\.IO; open the client of socket\.io-client/,
  );
});
