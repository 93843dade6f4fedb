import { beforeAll, describe, expect, it } from 'vitest';
import { providePythonWebsockets, runNodeClient, runPythonClient } from './programs.js';
import { useSample } from './running-sample.js';

const whoami = JSON.stringify({ event: 'whoami' });
const greeted = { received: ['Hello alice!'], code: 1000 };

function recognised(via: string) {
  return {
    received: expect.arrayContaining([
      JSON.stringify({ event: 'whoami', data: { user: 'alice', via } }),
    ]),
    code: 1000,
  };
}

describe('foreign clients of the sample', () => {
  const sample = useSample();

  const combined = (userInfo = '') => sample().ws(0, { path: '/ws', userInfo });

  describe('python-websockets', () => {
    beforeAll(providePythonWebsockets, 300_000);

    it('authenticates by a Basic URL', async () => {
      const userInfo = `alice:${await sample().token()}`;
      const outcome = await runPythonClient(sample().ws(4, { userInfo }));
      expect(outcome).toEqual({ status: 101, ...greeted });
    });

    it('authenticates by a Basic URL on the combined endpoint', async () => {
      const address = combined(`alice:${await sample().token()}`);
      const outcome = await runPythonClient(address, '--whoami');
      expect(outcome).toEqual({ status: 101, ...recognised('fromAuthorizationHeader') });
    });

    it('authenticates by a Bearer header on the combined endpoint', async () => {
      const outcome = await runPythonClient(
        combined(),
        '--whoami',
        '--bearer',
        await sample().token(),
      );
      expect(outcome).toEqual({ status: 101, ...recognised('fromAuthorizationHeader') });
    });

    it('sees 401 for a wrong token, by either', async () => {
      expect(await runPythonClient(sample().ws(4, { userInfo: 'alice:wrong' }))).toEqual({
        status: 401,
      });
      expect(await runPythonClient(combined(), '--bearer', 'wrong')).toEqual({ status: 401 });
    });
  });

  describe("Node's own WebSocket", () => {
    it('authenticates by a first message', async () => {
      expect(await runNodeClient(sample().ws(1), '[]', await sample().token())).toEqual(greeted);
    });

    it('authenticates by a query parameter', async () => {
      const address = sample().ws(2, { path: `/?token=${await sample().token()}` });
      expect(await runNodeClient(address)).toEqual(greeted);
    });

    it('authenticates by a subprotocol', async () => {
      const protocols = JSON.stringify(['chat', `bearer.${await sample().token()}`]);
      expect(await runNodeClient(sample().ws(6), protocols)).toEqual(greeted);
    });

    it('authenticates by a Bearer header on the combined endpoint', async () => {
      const headers = { authorization: `Bearer ${await sample().token()}` };
      const outcome = await runNodeClient(combined(), JSON.stringify({ headers }), whoami);
      expect(outcome).toEqual(recognised('fromAuthorizationHeader'));
    });
  });
});
