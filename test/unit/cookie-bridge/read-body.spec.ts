import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../../lib/cookie-bridge/read-body.js';
import { upgradeRequest } from '../support/requests.js';
import { settle } from '../../support/turns.js';

function send(request: IncomingMessage, ...chunks: readonly string[]): void {
  chunks.forEach((chunk) => request.push(Buffer.from(chunk)));
  request.push(null);
}

describe('readBody', () => {
  it.each([
    [['token'], 'token'],
    [['to', 'ken'], 'token'],
    [[], ''],
    [['12345678'], '12345678'],
  ])('reads %j', async (chunks, body) => {
    const request = upgradeRequest('/');
    const reading = readBody(request, 8);
    send(request, ...chunks);
    await expect(reading).resolves.toBe(body);
  });

  it.each([[['123456789']], [['12345', '6789']]])(
    'reads no more than the limit: %j',
    async (chunks) => {
      const request = upgradeRequest('/');
      const reading = readBody(request, 8);
      send(request, ...chunks);
      await expect(reading).resolves.toBeUndefined();
    },
  );

  it('knows nothing of a body that broke off', async () => {
    const request = upgradeRequest('/');
    const reading = readBody(request, 8);
    request.push(Buffer.from('tok'));
    request.destroy();
    await expect(reading).resolves.toBeUndefined();
  });

  it('knows nothing of a body that failed', async () => {
    const request = upgradeRequest('/');
    const reading = readBody(request, 8);
    request.destroy(new Error('reset'));
    await expect(reading).resolves.toBeUndefined();
  });

  it('does not wait for a body that other code has read', async () => {
    const request = upgradeRequest('/');
    send(request, 'token');
    request.resume();
    await settle();
    const answers: unknown[] = [];
    void readBody(request, 8).then((body) => answers.push(body));
    await settle();
    expect(answers).toEqual([undefined]);
  });
});
