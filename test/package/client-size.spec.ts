import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';

const client = fileURLToPath(new URL('../../dist/lib/client.js', import.meta.url));
/**
 * What the last 1.9 KB buy, compressed: moving to another node before the connection closes 0.5, events without an `EventTarget` 0.2
 * (React Native), checked options and messages 0.5, pings 0.25, causes and their actions 0.2, tokens that are obtained after the connection is open 0.15, the rest 0.1. Tokens in a
 * subprotocol of their own cost 26 bytes.
 */
const budgetBytes = 6_140;

/** What a page downloads: one file, minified and compressed. */
async function sizeOf(source: string): Promise<number> {
  const bundle = await rolldown({
    input: 'entry',
    platform: 'browser',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? source : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual([]);
  return gzipSync(output[0].code, { level: 9 }).length;
}

describe('nestjs-ws-auth/client', () => {
  it('takes a page at most 6.0 KB, all of it', async () => {
    expect(await sizeOf(`export * from '${client}';`)).toBeLessThanOrEqual(budgetBytes);
  });

  it('costs less where a page uses one way: the others are left out', async () => {
    const all = await sizeOf(`export * from '${client}';`);
    expect(await sizeOf(`export { connect } from '${client}';`)).toBeLessThan(all - 400);
  });
});
