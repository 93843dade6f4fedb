import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { describe, expect, it } from 'vitest';
import { rootFile } from '../readme/readme.js';
import { clientParts } from './client-parts.js';

const client = fileURLToPath(new URL('../../dist/lib/client.js', import.meta.url));
/** What each part of it buys is in `lib/guides/client.md`. */
const budgetBytes = 6_250;

/** What a page downloads: one file, minified and compressed. */
async function sizeOf(
  source: string,
  instead: Readonly<Record<string, string>> = {},
): Promise<number> {
  const bundle = await rolldown({
    input: 'entry',
    platform: 'browser',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) => (id === 'entry' ? source : (instead[basename(id, '.js')] ?? null)),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'es', minify: true });
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual([]);
  return gzipSync(output[0].code, { level: 9 }).length;
}

describe('nestjs-ws-auth/client', () => {
  it('takes a page at most 6.1 KB, all of it', async () => {
    expect(await sizeOf(`export * from '${client}';`)).toBeLessThanOrEqual(budgetBytes);
  });

  it('costs less where a page uses one way: the others are left out', async () => {
    const all = await sizeOf(`export * from '${client}';`);
    expect(await sizeOf(`export { connect } from '${client}';`)).toBeLessThan(all - 400);
  });

  const guide = rootFile('lib/guides/client.md');
  const stated = new Map(
    [...guide.matchAll(/^\| (.+?) +\| +([\d,]+) +\|$/gm)].map(([, part, bytes]) => [
      part!,
      Number(bytes!.replace(',', '')),
    ]),
  );

  it('costs in sum what the table of the guide states for its parts', async () => {
    const all = await sizeOf(`export * from '${client}';`);
    const connect = await sizeOf(`export { connect } from '${client}';`);
    const parts = await Promise.all(
      clientParts.map(async ({ name, without }) => ({
        name,
        bytes: all - (await sizeOf(`export * from '${client}';`, without)),
      })),
    );
    const ways = { name: 'the other ways, if a page imports them', bytes: all - connect };
    const rest = [...parts, ways].reduce((sum, { bytes }) => sum - bytes, all);
    const base = {
      name: 'authenticating, renewing and coming back, by `firstMessage()`',
      bytes: rest,
    };
    const measured = [base, ...parts, ways];
    expect(measured.map(({ name }) => name)).toEqual([...stated.keys()]);
    for (const { name, bytes } of measured) {
      expect([name, Math.abs(bytes - stated.get(name)!)]).toEqual([
        name,
        expect.toSatisfy(isClose),
      ]);
    }
  });
});

/** Small changes move bytes from one part to another, since gzip finds repetitions across them. */
function isClose(difference: number): boolean {
  return difference <= 60;
}
