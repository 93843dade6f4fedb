import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BrowserWindow } from '../support/browser/browser-window.js';
import { engines } from '../support/browser/engines.js';
import { RunningSample } from '../sample/running-sample.js';
import { readTable, writeTable, type Column } from './browsers-table.js';
import { runExperiment } from './experiment.js';
import { MeasuredGateways } from './measured-gateways.js';
import { measurements } from './measurements.js';
import { patient } from '../support/patience.js';

const installed = engines.filter((engine) => engine.installed());
const columns: Column[] = [];

let gateways: MeasuredGateways;
let sample: RunningSample;
beforeAll(async () => {
  gateways = await MeasuredGateways.start();
  sample = await RunningSample.start();
}, 60_000);
afterAll(async () => {
  await sample?.[Symbol.asyncDispose]();
  await gateways?.[Symbol.asyncDispose]();
});

describe.each(installed)('$name', { timeout: patient(120_000) }, (engine) => {
  const { name } = engine;
  const cells = new Map<string, string>();
  let window: BrowserWindow;
  beforeAll(async () => {
    window = await engine.open();
    columns.push({ engine: name, version: window.version, cells });
  }, 300_000);
  afterAll(async () => window?.[Symbol.asyncDispose]());

  it.each(measurements)('$what', async ({ what, measure, expected }) => {
    cells.set(what, await measure({ window, gateways }));
    expect(cells.get(what)).toBe(expected[engines.indexOf(engine)]);
  });

  it('turns the tiles of the experiment green', async () => {
    for (let time = 0; time < 2; time += 1) {
      const tiles = await runExperiment(window, sample.http('/?user=alice'));
      expect(tiles).toHaveLength(9);
      expect(tiles.filter(({ state }) => state !== 'ok').map(({ id }) => id)).toEqual([]);
    }
  });

  it('turns the tiles of the experiment red for a wrong token', async () => {
    const tiles = await runExperiment(window, sample.http('/?user=bob&token=a-wrong-token'));
    expect(tiles.map(({ id, state, code }) => [id, state, code])).toEqual([
      ['first-message', 'ko', '3000'],
      ['query-param', 'ko', ''],
      ...['cookie', 'basic', 'user-info', 'subprotocol', 'combined'].map((id) => [
        id,
        'ko',
        '1006',
      ]),
      ['socket-io', 'ko', '3000'],
      ['graphql', 'ko', '4403'],
    ]);
  });

  it('sends a wrong password of a known user, but Firefox the one it remembers', async () => {
    await runExperiment(window, sample.http('/?user=carol'));
    const tiles = await runExperiment(window, sample.http('/?user=carol&token=a-wrong-token'));
    const { state } = tiles.find(({ id }) => id === 'basic')!;
    expect(state).toBe(name === 'Firefox ESR' ? 'ok' : 'ko');
  });
});

/** The command that regenerates the table sets it. */
if (process.env['WRITE_BROWSERS_TABLE']) {
  it('writes what was measured into lib/guides/compatibility.md', async () => {
    expect(columns.map(({ engine }) => engine)).toEqual(engines.map(({ name }) => name));
    await writeTable(columns, new Date());
  });
}

it('lib/guides/compatibility.md states what was measured', () => {
  const stated = readTable();
  expect(stated.map(({ engine }) => engine)).toEqual(engines.map(({ name }) => name));
  for (const { engine, cells } of columns) {
    expect(stated.find((column) => column.engine === engine)?.cells).toEqual(cells);
  }
});
