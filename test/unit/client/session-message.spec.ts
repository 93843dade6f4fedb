import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import { sessionMessageIn } from '../../../lib/client/session-message.js';
import { defaultEventNames } from '../../../lib/protocol/message.js';

const read = (message: unknown) => sessionMessageIn(message, defaultEventNames);
const names = fc.constantFrom('authenticated', 'expiring');
const isEnd = (value: unknown) => value === null || typeof value === 'number';

describe('a message of the application with the name of an event of the protocol', () => {
  it.each([
    '{"event":"expiring","data":{"auction":17}}',
    '{"event":"expiring","data":{"expiresAt":17,"auction":1}}',
    '{"event":"expiring","data":{"expiresAt":"17"}}',
    '{"event":"expiring","data":{"expiresAt":[17]}}',
    '{"event":"expiring","data":{"expiresAt":true}}',
    '{"event":"expiring","data":{"expiresAt":1e999}}',
    '{"event":"expiring","data":[17]}',
    '{"event":"expiring","data":17}',
    '{"event":"expiring","data":null}',
    '{"event":"expiring","data":"expiresAt"}',
    '{"event":"expiring","data":{}}',
    '{"event":"expiring"}',
    '{"event":"expiring","data":{"expiresAt":17},"id":1}',
    '{"event":"authenticated","data":{"userId":"alice"}}',
    '{"event":"authenticated","data":{"expiresAt":null,"userId":"alice"}}',
    '{"event":"authenticated","data":{"expiresAt":1,"__proto__":{}}}',
    '{"event":"authenticated","data":true}',
    '{"event":"draining","data":{"closesInMs":-1}}',
    '{"event":"draining","data":{"closesInMs":null}}',
    '{"event":"draining","data":{"closesInMs":1,"pool":2}}',
    '{"event":"draining","data":{"expiresAt":1}}',
    '{"event":"draining"}',
    '[{"event":"authenticated","data":{"expiresAt":null}}]',
    '{"event":["authenticated"],"data":{"expiresAt":null}}',
  ])('K7b: reaches the application: %s', (message) => {
    expect(read(message)).toBeUndefined();
  });

  it('K7b: is of the protocol only in its exact form, in whatever order and with whatever space', () => {
    fc.assert(
      fc.property(
        names,
        fc.oneof(fc.jsonValue(), fc.record({ expiresAt: fc.jsonValue() })),
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 1 }),
        fc.boolean(),
        (event, data, more, isSpaced) => {
          const message = { ...more, data, event };
          const text = JSON.stringify(message, null, isSpaced ? 1 : 0);
          const { data: sent } = JSON.parse(text) as { data: Record<string, unknown> | null };
          const isExact =
            Object.keys(message).length === 2 &&
            typeof sent === 'object' &&
            sent !== null &&
            Object.keys(sent).join() === 'expiresAt' &&
            isEnd(sent['expiresAt']);
          expect(read(text) !== undefined).toBe(isExact && text.length <= 512);
        },
      ),
    );
  });
});
