import { describe, expect, it } from 'vitest';
import { defaultsOf } from '../../lib/policy/check-options.js';
import { gatewayOptions, moduleOptions } from '../../lib/policy/option-table.js';
import { WsAuthCloseCode } from '../../lib/protocol/close-code.js';
import { Refusal, type RefusalCode } from '../../lib/protocol/refusal.js';
import { endings } from '../../lib/adapters/endings.js';
import { codeIn, codesIn, rootFile, section, tableRows } from './readme.js';

const defaults: Readonly<Record<string, unknown>> = defaultsOf(moduleOptions);

describe('the table of lib/guides/options.md', () => {
  const rows = tableRows(section(rootFile('lib/guides/options.md'), 'Options'));

  it('names every option, and no other', () => {
    const documented = rows.flatMap(([names]) => codesIn(names));
    expect(documented.toSorted()).toEqual(Object.keys(moduleOptions).toSorted());
  });

  it('K11a: marks the options that single gateways may have', () => {
    const marked = rows.filter(([names]) => names!.includes('◦'));
    expect(marked.flatMap(([names]) => codesIn(names)).toSorted()).toEqual(
      Object.keys(gatewayOptions).toSorted(),
    );
  });

  it('states the defaults that hold', () => {
    const stated = rows
      .flatMap(([names, literals]) => pairs(codesIn(names), codesIn(literals)))
      .filter(([name]) => ['number', 'string', 'boolean'].includes(typeof defaults[name]))
      .map(([name, literal]) => [name, valueOf(literal)]);
    expect(stated.length).toBeGreaterThan(10);
    expect(stated).toEqual(stated.map(([name]) => [name, defaults[name as string]]));
  });
});

describe('SECURITY.md', () => {
  it('K11a: states the defaults of the bounds', () => {
    const lines = rootFile('SECURITY.md').matchAll(/^\|[^|]+\| `(\w+)` +\| ([\d,]+)/gm);
    const stated = Array.from(lines, ([, option, value]) => ({
      option: option!,
      value: Number(value!.replaceAll(',', '')),
    }));
    expect(stated.length).toBeGreaterThan(7);
    expect(stated).toEqual(stated.map(({ option }) => ({ option, value: defaults[option] })));
  });
});

describe('the table of lib/guides/close-codes.md', () => {
  it('has the codes that the package sends, and no other', () => {
    const rows = tableRows(section(rootFile('lib/guides/close-codes.md'), 'Close codes'));
    const { Normal: _never, ...sent } = WsAuthCloseCode;
    expect(rows.map(([code]) => Number(codeIn(code)))).toEqual(
      Object.values(sent).toSorted((one, other) => one - other),
    );
  });
});

describe('PROTOCOL.md', () => {
  const markdown = rootFile('PROTOCOL.md');

  it('states the status, the close code and the text of every refusal', () => {
    const rows = tableRows(section(markdown, 'Refusals'));
    expect(rows.flatMap(([code]) => codesIn(code)).toSorted()).toEqual(refusalCodes().toSorted());
    const stated = rows.map(([code, status, close, text]) => ({
      code: codeIn(code),
      httpStatus: Number(status),
      closeCode: Number(close),
      reason: text,
    }));
    expect(stated).toEqual(
      rows.map(([cell]) => {
        const { code, httpStatus, closeCode, reason } = new Refusal(codeIn(cell) as RefusalCode);
        return { code, httpStatus, closeCode, reason };
      }),
    );
  });

  it('states the close code and the text of every end of a session', () => {
    const rows = tableRows(section(markdown, 'The end of a session'));
    const stated = rows.map(([why, code, reason]) => [codeIn(why), { code: Number(code), reason }]);
    expect(Object.fromEntries(stated)).toEqual(endings);
  });
});

/** A cell of names and a cell of as many values. */
function pairs(names: readonly string[], values: readonly string[]): [string, string][] {
  return names.length === values.length ? names.map((name, index) => [name, values[index]!]) : [];
}

function refusalCodes(): string[] {
  const source = rootFile('lib/protocol/refusal.ts');
  return [...source.matchAll(/^ {2}(ERR_WS_AUTH_\w+): kind/gm)].map(([, code]) => code!);
}

function valueOf(literal: string): unknown {
  return literal.startsWith("'")
    ? literal.slice(1, -1)
    : (JSON.parse(`[${literal.replaceAll('_', '').replace('Infinity', '1e999')}]`) as unknown[])[0];
}
