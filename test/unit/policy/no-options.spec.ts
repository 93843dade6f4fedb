import { describe, expect, it } from 'vitest';
import { graphqlWs } from '../../../lib/graphql-ws.js';
import { MemoryWsAuthStore, WsAuthConfigurationError } from '../../../lib/index.js';
import { socketIo } from '../../../lib/socket-io.js';
import { ws } from '../../../lib/ws.js';

const given = [{ maxPending: 1 }, {}, undefined, 'x'];

describe('a function without options', () => {
  it.each([
    ['ws', ws],
    ['socketIo', socketIo],
    ['MemoryWsAuthStore', (...options: never[]) => new MemoryWsAuthStore(...options)],
  ])('K11b: %s refuses any', (name, make) => {
    for (const options of given) {
      expect(() => make(options as never)).toThrow(WsAuthConfigurationError);
      expect(() => make(options as never)).toThrow(`${name}: takes no options`);
    }
    expect(() => make()).not.toThrow();
  });
});

const optionsOf = (theirs: unknown) => () => graphqlWs().options(theirs as object);

describe('options of the application for graphql-ws', () => {
  it.each([null, 'x', 1, true, [], [{}]])('K11a: cannot be %j', (theirs) => {
    expect(optionsOf(theirs)).toThrow(/^graphqlWs\.options: expected an object/);
  });

  it.each(['onConnect', 'onDisconnect', 'onClose', 'onSubscribe', 'onNext'])(
    'K11a: must have a function as %s',
    (name) => {
      for (const hook of [null, 'x', 1, true, {}, [], class Hook {}]) {
        expect(optionsOf({ [name]: hook })).toThrow(
          `graphqlWs.options.${name}: expected a function`,
        );
      }
      expect(optionsOf({ [name]: () => true })).not.toThrow();
      expect(optionsOf({ [name]: undefined })).not.toThrow();
    },
  );

  it.each([
    ['onConect', 'onConnect'],
    ['onconnect', 'onConnect'],
    ['OnConnect', 'onConnect'],
    ['onDisconect', 'onDisconnect'],
    ['connect', 'onConnect'],
    ['contxt', 'context'],
    ['onSubscrible', 'onSubscribe'],
  ])('K11a: are refused where %s is misspelt', (name, meant) => {
    expect(optionsOf({ [name]: () => true })).toThrow(
      `graphqlWs.options.${name}: unknown option; did you mean ${meant}?`,
    );
  });

  it.each(['parse', 'validate', 'jsonMessageReplacer', 'jsonMessageReviver'])(
    'K12d: must not have an async function as %s, whose result is not awaited',
    (name) => {
      expect(optionsOf({ [name]: () => Promise.resolve([]) })).not.toThrow();
      for (const asynchronous of [async () => Promise.resolve([]), class Hook {}]) {
        expect(optionsOf({ [name]: asynchronous })).toThrow(`graphqlWs.options.${name}: expected`);
      }
    },
  );

  it('may have names of a later version, and those of Nest', () => {
    expect(optionsOf({ maxOperationsPerClient: 1, path: '/graphql' })).not.toThrow();
  });
});
