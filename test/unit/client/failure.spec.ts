import { describe, expect, it } from 'vitest';
import { causeIn, refusedWith, statusActionOf, statusIn } from '../../../lib/client/failure.js';
import { closeActionOf } from '../../../lib/protocol/close-code.js';
import { codeIn, rootFile, section, tableRows } from '../../readme/readme.js';

const protocol = rootFile('PROTOCOL.md');

const all = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Numbers that a cell such as `1002`, `1004` to `1007` names. */
function numbersIn(cell = ''): number[] {
  return [...cell.matchAll(/`(\d+)`(?: to `(\d+)`)?/g)].flatMap(([, from, to = from]) =>
    all(Number(from), Number(to)),
  );
}

const statedIn = (heading: string) =>
  tableRows(section(protocol, heading)).flatMap(([numbers, action]) =>
    numbersIn(numbers).map((number) => [number, codeIn(action)] as const),
  );

describe('the tables of PROTOCOL.md', () => {
  const statuses = statedIn('After a refused upgrade');
  const codes = statedIn('After a close frame');

  it('K7f: cover every status and every close code once', () => {
    expect(statuses.map(([status]) => status).toSorted((one, two) => one - two)).toEqual(
      all(200, 599),
    );
    expect(codes.map(([code]) => code).toSorted((one, two) => one - two)).toEqual([
      ...all(1000, 1015),
      ...all(3000, 4999),
    ]);
  });

  it('K7f: state what a client does after a refused upgrade', () => {
    expect(statuses).toEqual(statuses.map(([status]) => [status, statusActionOf(status)]));
  });

  it('K7f: state what a client does after a close frame', () => {
    expect(codes).toEqual(codes.map(([code]) => [code, closeActionOf(code)]));
  });
});

describe('a refused upgrade', () => {
  it.each([
    ['Unexpected server response: 404', 404],
    ["Expected HTTP 101 response but was '401 Unauthorized'", 401],
    ['Received bad response code from server: 503.', 503],
    ['connect ECONNREFUSED 10.0.0.200:443', 0],
    ['Received network error or non-101 status code.', 0],
    ['', 0],
    [undefined, 0],
  ])('is known by its status where that is visible: %s', (message, status) => {
    expect(statusIn(message)).toBe(status);
  });

  it('states it in its reason', () => {
    expect(refusedWith(404)).toEqual(['refused with 404', { action: 'backOff' }]);
  });
});

describe('what is shown of an error', () => {
  const url = 'wss://h/?token=secret';
  const withCode = (code: unknown, more = {}) => Object.assign(new Error(url), { code, ...more });

  it.each([
    ['a code of the system', withCode('ECONNREFUSED'), 'ECONNREFUSED'],
    [
      'a code of a certificate',
      withCode('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
    ['a code of its cause', new TypeError(url, { cause: withCode('ENOTFOUND') }), 'ENOTFOUND'],
    [
      'the name of an error that browsers throw',
      new DOMException(url, 'SecurityError'),
      'SecurityError',
    ],
    ['the name of its class', new SyntaxError(url), 'SyntaxError'],
  ])('K7g: is %s, and no message', (_name, error, code) => {
    const cause = causeIn(error);
    expect(cause).toMatchObject({ message: code, code });
    expect(JSON.stringify(Object.getOwnPropertyDescriptors(cause))).not.toContain('secret');
  });

  it.each([new Error(url), withCode(url), withCode(17), url, undefined, null, 17, {}])(
    'K7g: is nothing where there is neither: %s',
    (error) => {
      expect(causeIn(error)).toBeUndefined();
    },
  );
});
