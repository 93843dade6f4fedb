import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader, WsAuthSessions } from '../../../lib/index.js';
import { connect, connectAs, expectRefused } from '../../../lib/testing.js';
import { startProtected } from '../../support/app.js';

const alice = { id: 'alice' };

describe('expectRefused()', () => {
  it('resolves with the refusal, by status', async () => {
    await using app = await startProtected({ credentials: [fromAuthorizationHeader()] });
    const refused = await expectRefused(connect(app.nest), { status: 401 });
    expect(refused.response?.challenges).toEqual([
      'Basic realm="Users", charset="UTF-8"',
      'Bearer realm="Users"',
    ]);
  });

  it('waits for the close frame of a client that never authenticates', async () => {
    await using app = await startProtected({ authTimeoutMs: 100 });
    const expected = { closeCode: 3008, reason: 'authentication timed out' };
    expect(await expectRefused(connect(app.nest), expected)).toMatchObject(expected);
  });

  it.each([
    [
      { status: 403 },
      'expected a refusal with status 403, but the client was refused with status 401: credential required',
    ],
    [
      { closeCode: 3000 },
      'expected a refusal with close code 3000, but the client was refused with status 401: credential required',
    ],
    [
      { status: 401, reason: 'revoked' },
      'expected a refusal with status 401 (revoked), but the client was refused with status 401: credential required',
    ],
  ])('says how the client was refused instead of %j', async (expected, message) => {
    await using app = await startProtected({ credentials: [fromAuthorizationHeader()] });
    await expect(expectRefused(connect(app.nest), expected)).rejects.toThrow(message);
  });

  it('reports that the client was closed instead', async () => {
    await using app = await startProtected();
    const attempt = connect(app.nest, { firstMessage: { token: 'none' } });
    await expect(expectRefused(attempt, { closeCode: 3003 })).rejects.toThrow(
      'expected a refusal with close code 3003, but the client was closed with 3000: credential rejected',
    );
  });

  it('names the user of a client that was accepted, and closes it', async () => {
    await using app = await startProtected();
    await expect(expectRefused(connectAs(app.nest, alice), { status: 401 })).rejects.toThrow(
      'expected a refusal with status 401, but the client was accepted as alice, by connectAs',
    );
    await expect(expectRefused(connectAs(app.nest, {}), { closeCode: 3000 })).rejects.toThrow(
      'but the client was accepted as a user without a key, by connectAs',
    );
    await using _later = await connectAs(app.nest, { id: 'bob' });
    expect(app.nest.get(WsAuthSessions).count()).toBe(1);
  });

  it('names an anonymous client that was accepted, and closes it', async () => {
    await using app = await startProtected({
      optional: true,
      credentials: [fromAuthorizationHeader()],
    });
    await expect(expectRefused(connect(app.nest), { status: 401 })).rejects.toThrow(
      'but the client was accepted anonymously, by none',
    );
  });

  it('reports that a client was accepted where a status was expected', async () => {
    await using app = await startProtected();
    await expect(expectRefused(connect(app.nest), { status: 401 })).rejects.toThrow(
      'but the client was accepted, and may send its credential now',
    );
  });

  it('passes on what has nothing to do with a refusal', async () => {
    await using app = await startProtected();
    const attempt = connect(app.nest, { port: 1 });
    await expect(expectRefused(attempt, { status: 401 })).rejects.toThrow('ECONNREFUSED');
  });
});
