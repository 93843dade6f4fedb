import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SmokeServer } from '../smoke/smoke-server.js';
import { smokeChecks } from '../smoke/smoke-checks.js';
import { serverProgram } from './compile-server.js';
import { copiedVersion, renamed, WsCopy } from './ws-copy.js';

const hook = fileURLToPath(new URL('../smoke/ws-copy.mjs', import.meta.url));

/** Starts the program beside a copy of `ws`. */
function startBeside({ folder }: WsCopy): Promise<SmokeServer> {
  const args = ['--import', hook, serverProgram];
  return SmokeServer.start({ command: process.execPath, args, env: { WS_COPY: folder } });
}

const bounds = ['_receiver._maxPayload', '_receiver._maxFragments'];
const ofCompression = '_extensions[permessage-deflate]._maxPayload';

/** Every private field of `ws` that `lib` reads, and the error at boot without it. */
const fields = [
  { field: '_maxPayload', unknown: [bounds[0]!, ofCompression], raisesBounds: false },
  { field: '_maxFragments', unknown: [bounds[1]!], raisesBounds: true },
  { field: '_extensions', unknown: [ofCompression], raisesBounds: false },
  { field: '_receiver', unknown: bounds, raisesBounds: false },
];

describe.each(fields)('beside a ws without $field', ({ field, unknown, raisesBounds }) => {
  let copy: WsCopy;
  let server: SmokeServer;
  beforeAll(async () => {
    copy = await WsCopy.create(renamed(field));
    server = await startBeside(copy);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await copy?.[Symbol.asyncDispose]();
  });

  it('K12a: boot names the version and what is unknown', async () => {
    await server.ask('count');
    const text = `^ws ${copiedVersion}: ${unknown.join(', ')} unknown; falls back to the bounds`;
    const pattern = `${text.replace(/[.[\]]/g, '\\$&')}.* at most 8448 bytes`;
    expect(await server.warned()).toEqual([expect.stringMatching(pattern)]);
  });

  it.each(smokeChecks)('K12a, K12b: $name', async (check) => {
    await check.run(server, { raisesBounds });
  });
});

describe('beside the installed ws', () => {
  it('boot logs nothing, and the smoke suite passes', async () => {
    await using server = await SmokeServer.start({
      command: process.execPath,
      args: [serverProgram],
    });
    for (const check of smokeChecks) {
      await check.run(server, { raisesBounds: true });
    }
    expect(server.warnings).toEqual([]);
  });
});

describe('beside a ws whose messages do not pass emit()', () => {
  it('K12a: the application refuses to boot', async () => {
    await using copy = await WsCopy.create((source) =>
      source.replace(
        "this[kWebSocket].emit('message', data, isBinary)",
        "EventEmitter.prototype.emit.call(this[kWebSocket], 'message', data, isBinary)",
      ),
    );
    await expect(startBeside(copy)).rejects.toThrow(/hands messages to listeners without emit\(\)/);
  });
});
