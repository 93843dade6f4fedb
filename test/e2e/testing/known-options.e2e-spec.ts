import { describe, expect, it } from 'vitest';
import { fromAuthorizationHeader, WsAuthConfigurationError } from '../../../lib/index.js';
import { connect, connectAs, expectRefused, WsTestClient } from '../../../lib/testing.js';
import { startProtected, type TestApp } from '../../support/app.js';

interface Call {
  readonly name: string;
  readonly options: readonly string[];
  readonly call: (app: TestApp, options: never) => unknown;
}

const ofSockets = ['protocols', 'timeoutMs', 'headers', 'origin', 'rejectUnauthorized', 'autoPong'];

const calls: readonly Call[] = [
  {
    name: 'connect()',
    options: ['path', 'port', 'query', 'firstMessage', ...ofSockets],
    call: ({ nest }, options) => connect(nest, options),
  },
  {
    name: 'connectAs()',
    options: ['path', 'port', 'query', 'info', 'strategy', 'extractor', ...ofSockets],
    call: ({ nest }, options) => connectAs(nest, { id: 'alice' }, options),
  },
  {
    name: 'new WsTestClient()',
    options: ofSockets,
    call: (app, options) => new WsTestClient(app.url(), options),
  },
  {
    name: 'expectRefused()',
    options: ['status', 'closeCode', 'reason'],
    call: ({ nest }, options) => expectRefused(connect(nest), options),
  },
];

describe.each(calls)('K11a: the options of $name of the test kit', ({ options, call }) => {
  it('are refused where one is misspelt, with the name that was meant', async () => {
    await using app = await startProtected({ credentials: [fromAuthorizationHeader()] });
    for (const name of options) {
      const misspelt = `${name.slice(0, -2)}x${name.slice(-1)}`;
      const attempt = (async () => call(app, { [misspelt]: undefined } as never))();
      await expect(attempt).rejects.toThrow(WsAuthConfigurationError);
      await expect(attempt).rejects.toThrow(`${misspelt}: unknown option; did you mean ${name}?`);
    }
  });
});

describe('K11a: options of the test kit', () => {
  it('that the socket takes are accepted, also those that the types of ws leave out', async () => {
    await using app = await startProtected();
    const options = { timeoutMs: 4_000, closeTimeout: 1_000, servername: '', noDelay: true };
    await using client = await connectAs(app.nest, { id: 'alice' }, options);
    expect(client.session?.userId).toBe('alice');
  });

  it('do not include a first message for connectAs(), which presents no credential', async () => {
    await using app = await startProtected();
    const options = { firstMessage: { token: 'x' } } as never;
    await expect(connectAs(app.nest, { id: 'alice' }, options)).rejects.toThrow(
      'firstMessage: unknown option',
    );
  });
});
