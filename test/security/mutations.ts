/** A source of chance that repeats itself for the same seed. */
export interface Random {
  /** A whole number from 0 to below the bound. */
  below(bound: number): number;
  pick<Value>(values: readonly Value[]): Value;
}

/** Mulberry32: small, fast and good enough to shuffle bytes. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return { below, pick: (values) => values[below(values.length)]! };
}

type Mutation = (input: Buffer, bases: readonly Buffer[], dice: Random) => Buffer;

const special = [
  0, 9, 10, 11, 13, 27, 32, 34, 35, 37, 38, 44, 47, 58, 59, 61, 63, 64, 92, 127, 128, 255,
];

const fragments = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ', ',
  '; ',
  '//',
  '/../',
  '%00',
  '%2e%2e',
  '%0d%0a',
  '?token=',
  '&token=x',
  '#',
  '@',
  'http://evil.example',
  'Host: evil.example\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Upgrade: h2c\r\n',
  'Connection: close\r\n',
  'Sec-WebSocket-Version: 8\r\n',
  'Authorization: Basic YTpi\r\n',
  'Authorization: \r\n',
  'Cookie: session=evil\r\n',
  'Origin: null\r\n',
  'X: \u00ff\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD ',
  'POST ',
  'CONNECT ',
  'HTTP/1.0',
  'HTTP/2.0',
  'bearer.',
  'v4.local.payload-AAAA',
  'v4.public.payload-AAAA',
  'Authorization: Bearer v4.local.payload-AAAA\r\n',
  'X-Token: eyJhbGciOiJub25lIn0.eyJqdGkiOiJvdGhlciJ9.\r\n',
  'Cookie: other=eyJhbGciOiJub25lIn0.eyJqdGkiOiJvdGhlciJ9.AAAA\r\n',
  '&other=eyJhbGciOiJub25lIn0.eyJqdGkiOiJvdGhlciJ9.AAAA',
  'eyJhbGciOiJub25lIn0.eyJleHAiOjF9.',
  'e30.e30.',
  '__proto__',
  '\u0081\u0085\u0000\u0000\u0000\u0000hello',
];

const mutations: readonly Mutation[] = [
  flipBit,
  setByte,
  removeBytes,
  repeatBytes,
  insertByte,
  insertFragment,
  swapLines,
  repeatLine,
  removeLine,
  changeCase,
  splice,
  truncate,
];

/** Changes a handshake in one to four ways; one in fifty stays as it is. */
export function mutate(base: Buffer, bases: readonly Buffer[], dice: Random): Buffer {
  if (dice.below(50) === 0) {
    return base;
  }
  let mutated = base;
  for (let left = 1 + dice.below(4); left > 0; left -= 1) {
    mutated = dice.pick(mutations)(mutated, bases, dice);
  }
  return mutated;
}

function insert(input: Buffer, at: number, what: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), what, input.subarray(at)]);
}

function remove(input: Buffer, from: number, to: number): Buffer {
  return Buffer.concat([input.subarray(0, from), input.subarray(to)]);
}

function replace(input: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(input);
  if (copy.length > 0) {
    copy[at] = byte;
  }
  return copy;
}

function flipBit(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  const at = dice.below(input.length);
  return replace(input, at, (input[at] ?? 0) ^ (1 << dice.below(8)));
}

function setByte(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  return replace(input, dice.below(input.length), dice.pick(special));
}

function removeBytes(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  const from = dice.below(input.length);
  return remove(input, from, from + 1 + dice.below(8));
}

function repeatBytes(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  const from = dice.below(input.length);
  return insert(input, from, input.subarray(from, from + 1 + dice.below(32)));
}

function insertByte(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  return insert(input, dice.below(input.length + 1), Buffer.from([dice.pick(special)]));
}

/** At the start of a line as often as anywhere else, where whole fields make sense. */
function insertFragment(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  const what = Buffer.from(dice.pick(fragments), 'latin1');
  const lineEnd = input.indexOf('\r\n', dice.below(input.length + 1));
  const at = dice.below(2) === 0 && lineEnd !== -1 ? lineEnd + 2 : dice.below(input.length + 1);
  return insert(input, at, what);
}

function onLines(input: Buffer, change: (lines: string[]) => void): Buffer {
  const lines = input.toString('latin1').split('\r\n');
  change(lines);
  return Buffer.from(lines.join('\r\n'), 'latin1');
}

function swapLines(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  return onLines(input, (lines) => {
    const [first, second] = [dice.below(lines.length), dice.below(lines.length)];
    [lines[first], lines[second]] = [lines[second]!, lines[first]!];
  });
}

function repeatLine(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  return onLines(input, (lines) => {
    lines.splice(dice.below(lines.length + 1), 0, dice.pick(lines));
  });
}

function removeLine(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  return onLines(input, (lines) => {
    lines.splice(dice.below(lines.length), 1);
  });
}

function changeCase(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  return onLines(input, (lines) => {
    const at = dice.below(lines.length);
    const line = lines[at]!;
    lines[at] = dice.below(2) === 0 ? line.toUpperCase() : line.toLowerCase();
  });
}

function splice(input: Buffer, bases: readonly Buffer[], dice: Random): Buffer {
  const other = dice.pick(bases);
  return Buffer.concat([
    input.subarray(0, dice.below(input.length + 1)),
    other.subarray(dice.below(other.length + 1)),
  ]);
}

function truncate(input: Buffer, _bases: readonly Buffer[], dice: Random): Buffer {
  return input.subarray(0, dice.below(input.length + 1));
}
