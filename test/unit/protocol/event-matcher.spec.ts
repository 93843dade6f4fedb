import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { EventMatcher } from '../../../lib/protocol/event-matcher.js';

const matcher = new EventMatcher('authenticate');

function matches(text: string, by = matcher): boolean {
  return by.matches(Buffer.from(text));
}

/** What `JSON.parse` makes of a message. */
function isNamed(text: string, name: string): boolean {
  try {
    return (JSON.parse(text) as { readonly event?: unknown } | null)?.event === name;
  } catch {
    return false;
  }
}

const named: [string, string][] = [
  ['as usual', '{"event":"authenticate","data":{}}'],
  ['alone', '{"event":"authenticate"}'],
  ['with an escaped name', '{"event":"\\u0061uthenticate"}'],
  ['with upper-case digits in escapes', '{"event":"a\\u0075then\\u0074icat\\u0065"}'],
  ['with an escaped key', '{"\\u0065ven\\u0074":"authenticate"}'],
  ['with both', '{"\\u0065vent":"\\u0061uthenticate"}'],
  ['with white space', ' \n\t\r{ "event" \n:\t "authenticate" } '],
  ['after its data', '{"data":{"event":"x","a":[1,"{"]},"event":"authenticate"}'],
  ['as the last of several', '{"event":"a","event":"b","event":"authenticate"}'],
  ['after a name that is not a string', '{"event":{"event":1},"event":"authenticate"}'],
  ['beside strings with quotes and brackets', '{"a":"\\"}]{[","event":"authenticate"}'],
  ['after a long text', `{"a":"${'x'.repeat(200)}","event":"authenticate"}`],
  [
    'after a long text with quotes and backslashes',
    `{"a":"${'x'.repeat(90)}\\"event\\\\${'y'.repeat(90)}\\\\\\"}\\\\","event":"authenticate"}`,
  ],
  ['beside a string that ends with a backslash', '{"a":"\\\\","event":"authenticate"}'],
];

const others: [string, string][] = [
  ['another event', '{"event":"echo","data":"authenticate"}'],
  ['an earlier name', '{"event":"authenticate","event":"echo"}'],
  [
    'an earlier name before one that is not a string',
    '{"event":"authenticate","event":["authenticate"]}',
  ],
  ['a longer name', '{"event":"authenticated"}'],
  ['a shorter name', '{"event":"authenticat"}'],
  ['another case', '{"event":"Authenticate"}'],
  ['another key', '{"events":"authenticate","even":"authenticate"}'],
  ['a nested event', '{"event":"echo","data":{"event":"authenticate"}}'],
  ['an array', '[{"event":"authenticate"}]'],
  ['a text', '"authenticate"'],
  ['a text in a text', '{"event":"echo","data":"{\\"event\\":\\"authenticate\\"}"}'],
  ['a value', '{"a":"event","b":"authenticate"}'],
  ['an escape of something else', '{"event":"\\u0062uthenticate"}'],
  ['a short escape', '{"event":"\\nauthenticate","b":"authenticate\\u0020"}'],
  ['nothing', ''],
  ['half a message', '{"event":"authenticat\\u'],
  ['an unfinished string', '{"event":"\\u0061uthenticate'],
  ['a name in a long text', `{"a":"${'x'.repeat(90)}\\",\\"event\\":\\"authenticate"}`],
  ['a long text without an end', `{"event":"echo","a":"${'x'.repeat(90)}\\"authenticate\\u`],
  ['a key without a value', '{"event":"authenticate","event":'],
];

describe('the event of a message', () => {
  it.each(named)('K6a: is recognised %s', (_how, text) => {
    expect(isNamed(text, 'authenticate')).toBe(true);
    expect(matches(text)).toBe(true);
  });

  it.each(others)('K6a: is not recognised in %s', (_what, text) => {
    expect(isNamed(text, 'authenticate')).toBe(false);
    expect(matches(text)).toBe(false);
  });

  it.each(['a"b', 'a/b', 'a\\b', 'a\nb', 'é', '\u{1f600}', 'a b', '日本', 'event'])(
    'K6a: may have any name: %j',
    (name) => {
      const by = new EventMatcher(name);
      const escaped = Array.from({ length: name.length }, (_, index) => {
        return `\\u${name.charCodeAt(index).toString(16).padStart(4, '0')}`;
      }).join('');
      const texts = [JSON.stringify({ event: name }), `{"event":"${escaped}"}`];
      expect(texts.map((text) => matches(text, by))).toEqual([true, true]);
      expect(matches('{"event":"c\\nd\\u0020"}', by)).toBe(false);
    },
  );

  it('K6a: is known by each short escape', () => {
    expect(matches('{"event":"a\\/b"}', new EventMatcher('a/b'))).toBe(true);
    const name = '"\\/\b\f\n\r\t';
    expect(matches('{"event":"\\"\\\\\\/\\b\\f\\n\\r\\t"}', new EventMatcher(name))).toBe(true);
  });
});

/** Ways to write one character. */
function spelled(character: string): fc.Arbitrary<string> {
  const hex = character.charCodeAt(0).toString(16).padStart(4, '0');
  const usual = JSON.stringify(character).slice(1, -1);
  return fc.constantFrom(usual, usual, usual, `\\u${hex}`, `\\u${hex.toUpperCase()}`);
}

/** A JSON text of a string, in one of its many spellings. */
function stringOf(text: string): fc.Arbitrary<string> {
  const characters = Array.from({ length: text.length }, (_, index) => text[index]!);
  return fc.tuple(...characters.map(spelled)).map((parts) => `"${parts.join('')}"`);
}

const gap = fc.constantFrom('', '', '', ' ', '\n', '\t\r ');
const long = 'x'.repeat(70);
const words = [
  'event',
  'authenticate',
  'data',
  'event"',
  '\\event',
  'authenticate\\',
  '{',
  ']',
  'é',
  `${long}"`,
  `${long}\\`,
];
const word = fc.constantFrom(...words).chain(stringOf);

const { value } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    word,
    fc.constantFrom('1', '-0.5e3', 'true', 'null', '{}', '[]'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(gap, word, gap, gap, tie('value'), gap), { maxLength: 5 })
    .map((members) => {
      const texts = members.map(([a, key, b, c, of, d]) => `${a}${key}${b}:${c}${of}${d}`);
      return `{${texts.join(',')}}`;
    }),
}));

describe('whatever a peer writes', () => {
  it('K6a: is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(gap, value, gap, fc.constantFrom(...words), (before, text, after, name) => {
        const message = `${before}${text}${after}`;
        expect(matches(message, new EventMatcher(name))).toBe(isNamed(message, name));
      }),
      { numRuns: 3_000 },
    );
  });

  it('K6a: is recognised also in incomplete or invalid JSON, wherever JSON.parse would read it', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.uint8Array({ maxLength: 3 }), (text, where, junk) => {
        const bytes = Buffer.from(text);
        const at = where % (bytes.length + 1);
        const damaged = Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(at)]);
        const isMatch = matcher.matches(damaged);
        expect(isMatch || !isNamed(damaged.toString(), 'authenticate')).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
