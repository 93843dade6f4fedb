import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks, codeIn, rootFile, section, tableRows } from '../readme/readme.js';
import { encounter } from './encounter.js';
import { RunningSample } from './running-sample.js';

const guide = rootFile('lib/guides/telemetry.md');

describe('the metrics of the sample', () => {
  let sample: RunningSample;
  let served: string;
  beforeAll(async () => {
    sample = await RunningSample.start();
    const token = await sample.token();
    await encounter(sample.ws(2, { path: `/?token=${token}` }));
    await encounter(sample.ws(2, { path: '/?token=forged' }));
    served = await (await fetch(`http://127.0.0.1:${sample.port}/metrics`)).text();
  }, 60_000);
  afterAll(async () => sample?.[Symbol.asyncDispose]());

  it('count attempts, by outcome and reason', () => {
    const lines = served.split('\n').filter((line) => line.startsWith('ws_auth_attempts_total{'));
    expect(lines.filter((line) => line.includes('ws_auth_outcome="accepted"'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('error_type="ERR_WS_AUTH_'))).toHaveLength(1);
  });

  it('are all those of the guide', () => {
    const named = tableRows(section(guide, 'What is measured'))
      .map(([cell]) => codeIn(cell)!)
      .filter((name) => /^ws_auth\.(?!phase|extractor|strategy|outcome)/.test(name))
      .map((name) => name.replaceAll('.', '_'));
    expect(named.length).toBe(9);
    expect(named.filter((name) => !served.includes(`# TYPE ${name}`))).toEqual([]);
  });

  it('have every name and label that its alerts ask for', () => {
    const alerts = codeBlocks(guide, 'promql').join('');
    const names = new Set(alerts.match(/\bws_auth_\w+/g));
    expect(names.size).toBe(5);
    expect([...names].filter((name) => !new RegExp(`\\b${name}\\b`).test(served))).toEqual([]);
    const selectors = [...alerts.matchAll(/\b(ws_auth_\w+)\{([^}]*)\}/g)];
    const isServed = ([, name, matcher]: readonly string[]) =>
      served.split('\n').some((line) => line.startsWith(`${name}{`) && line.includes(matcher!));
    expect(selectors.length).toBeGreaterThan(0);
    expect(selectors.filter((selector) => !isServed(selector))).toEqual([]);
    expect(served).toMatch(/^ws_auth_store_losses_total(\{[^}]*\})? 0$/m);
  });
});
