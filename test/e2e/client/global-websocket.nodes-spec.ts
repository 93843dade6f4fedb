import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startProtected } from '../../support/app.js';
import { EchoGateway } from '../../support/gateways.js';
import { tokenOf } from '../../support/tokens.js';

const program = fileURLToPath(new URL('global-websocket.mjs', import.meta.url));
/** Node.js 20 has it behind a flag. */
const flags = 'WebSocket' in globalThis ? [] : ['--experimental-websocket'];

describe('the client with the WebSocket of Node.js', () => {
  it('is authenticated, comes back when its connection is cut, and leaves nothing that keeps the process alive', async () => {
    await using app = await startProtected();
    const args = [...flags, program, app.url(), tokenOf('alice')];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (lines.length === 1) app.nest.get(EchoGateway).connected[0]!.client.terminate();
    }
    expect(lines).toEqual([
      'open',
      'open',
      '{"event":"whoami","data":{"user":"alice","via":"fromFirstMessage"}}',
      'closed 1000',
    ]);
  });
});
