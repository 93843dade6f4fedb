import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import {
  defaultEventNames,
  eventMessage,
  isRecord,
  jsonOf,
  outermostOf,
  parseEventMessage,
  sessionMessage,
} from '../../../lib/protocol/message.js';

describe('parseEventMessage', () => {
  it.each([
    ['{"event":"a","data":{"x":[1,null]}}', { event: 'a', data: { x: [1, null] } }],
    ['{"event":"a"}', { event: 'a', data: undefined }],
    ['{"event":""}', { event: '', data: undefined }],
    ['{"event":"a","data":null,"other":1}', { event: 'a', data: null }],
    ['{"event":"a","event":"b"}', { event: 'b', data: undefined }],
    [' {"event":"a","data":1} ', { event: 'a', data: 1 }],
  ])('reads %s', (text, message) => {
    expect(parseEventMessage(text)).toEqual(message);
  });

  it.each([
    '',
    'authenticate',
    'null',
    '1',
    '"authenticate"',
    '[]',
    '["event"]',
    '[{"event":"a"}]',
    '{}',
    '{"data":{}}',
    '{"event":1}',
    '{"event":null}',
    '{"event":["a"]}',
    '{"event":{"toString":"a"}}',
    '{"event":"a"',
    '{"event":"a"}}',
    "{'event':'a'}",
    '\ufeff{"event":"a"}',
    '{"__proto__":{"event":"a"}}',
  ])('reads nothing from %s', (text) => {
    expect(parseEventMessage(text)).toBeUndefined();
  });

  it('FM-13: drops __proto__ at every depth, so that a later Object.assign pollutes nothing', () => {
    const message = parseEventMessage(
      '{"__proto__":{"user":{"id":1}},"event":"auth","data":{"__proto__":{"admin":true},"a":[{"__proto__":{"admin":true}}]}}',
    );
    const data = message?.data as { readonly a: readonly object[] };
    expect(Object.hasOwn(data, '__proto__')).toBe(false);
    expect(Object.hasOwn(data.a[0] ?? {}, '__proto__')).toBe(false);
    for (const value of [message, data, data.a[0]]) {
      const copy: object = Object.assign({}, value);
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
      expect(copy).not.toHaveProperty('admin');
    }
  });

  it('FM-13: changes no prototype when it meets constructor.prototype', () => {
    parseEventMessage('{"event":"a","data":{"constructor":{"prototype":{"polluted":true}}}}');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('reads nothing from a message nested deeper than the stack', () => {
    const depth = 200_000;
    const deep = `{"event":"a","data":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(parseEventMessage(deep)).toBeUndefined();
  });

  it('throws for no text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        const message = parseEventMessage(text);
        expect(message === undefined || typeof message.event === 'string').toBe(true);
      }),
    );
  });
});

describe('outermostOf', () => {
  it('K9: reads an object that nests deeper than the stack', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(outermostOf(`{"event":"authenticate","data":${deep}}`)).toMatchObject({
      event: 'authenticate',
    });
  });

  it.each(['[]', '"event"', 'null', '{'])('reads nothing else: %s', (text) => {
    expect(outermostOf(text)).toBeUndefined();
  });
});

describe('eventMessage', () => {
  it('writes what parseEventMessage reads', () => {
    expect(eventMessage('authenticated', { expiresAt: null })).toBe(
      '{"event":"authenticated","data":{"expiresAt":null}}',
    );
  });

  it('leaves data out that is undefined', () => {
    expect(eventMessage('a', undefined)).toBe('{"event":"a"}');
  });
});

/** So many arrays in one another, and so many objects. */
const nestedBy = (levels: number): readonly unknown[] => [
  JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`),
  JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`),
];

describe('jsonOf', () => {
  it.each([1, 2, 64])('writes a payload of %i levels', (levels) => {
    for (const payload of nestedBy(levels)) {
      expect(jsonOf(payload)).toBe(JSON.stringify(payload));
    }
  });

  it.each([65, 1_000, 4_000])(
    'K6b: writes none of %i levels, whose cost would grow with their square',
    (levels) => {
      for (const payload of nestedBy(levels)) {
        expect(jsonOf(payload)).toBeUndefined();
        expect(jsonOf({ token: 'x', deep: payload })).toBeUndefined();
      }
    },
  );

  it('writes everything else as JSON.stringify() does, and nothing that it cannot write', () => {
    const bytes = Buffer.alloc(3);
    for (const payload of ['a', 1, null, true, { a: [1, { b: null }] }, [[]], bytes]) {
      expect(jsonOf(payload)).toBe(JSON.stringify(payload));
    }
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    for (const payload of [undefined, 1n, circle]) {
      expect(jsonOf(payload)).toBeUndefined();
    }
  });
});

describe('isRecord', () => {
  it.each([[{}], [Object.create(null)], [new Date()]])('knows %o', (value) => {
    expect(isRecord(value)).toBe(true);
  });

  it.each([[null], [undefined], [[]], ['a'], [1], [true], [() => undefined], [Symbol('a')]])(
    'knows no record in %o',
    (value) => {
      expect(isRecord(value)).toBe(false);
    },
  );
});

describe('defaultEventNames', () => {
  it('are those of the wire protocol', () => {
    expect(defaultEventNames).toEqual({
      authenticate: 'authenticate',
      authenticated: 'authenticated',
      expiring: 'expiring',
      draining: 'draining',
      ended: 'ended',
      ping: 'nestjs-ws-auth:ping',
    });
  });
});

describe('sessionMessage', () => {
  it.each([1_763_800_000_000, null])('states that a session ends at %s', (expiresAt) => {
    expect(sessionMessage('authenticated', { expiresAt })).toBe(
      `{"event":"authenticated","data":{"expiresAt":${expiresAt}}}`,
    );
  });
});
