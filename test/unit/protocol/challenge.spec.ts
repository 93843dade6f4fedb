import { fc } from '../../support/property.js';
import { describe, expect, it } from 'vitest';
import {
  bearerErrorOf,
  challengesFor,
  type ChallengeRequest,
} from '../../../lib/protocol/challenge.js';

function challenges(request: Partial<ChallengeRequest>): string[] {
  return challengesFor({ realm: 'Users', schemes: ['Bearer'], fromStrategies: [], ...request });
}

describe('challengesFor', () => {
  it('writes one challenge per scheme, and AH-08: without an error where nothing was rejected', () => {
    expect(challenges({ schemes: ['Basic', 'Bearer'] })).toEqual([
      'Basic realm="Users", charset="UTF-8"',
      'Bearer realm="Users"',
    ]);
  });

  it('asks for Bearer when there is nothing else to ask for, since a 401 must challenge', () => {
    expect(challenges({ schemes: [] })).toEqual(['Bearer realm="Users"']);
  });

  it('AH-07: names the error of a Bearer credential', () => {
    expect(challenges({ schemes: ['Basic', 'Bearer'], bearerError: 'invalid_token' })).toEqual([
      'Basic realm="Users", charset="UTF-8"',
      'Bearer realm="Users", error="invalid_token"',
    ]);
  });

  it('quotes the realm', () => {
    expect(challenges({ realm: 'a "b" \\c', schemes: ['Basic', 'Bearer'] })).toEqual([
      String.raw`Basic realm="a \"b\" \\c", charset="UTF-8"`,
      String.raw`Bearer realm="a \"b\" \\c"`,
    ]);
  });

  it('AH-09: takes error and scope of a strategy, and nothing else of its challenge', () => {
    const said =
      'Bearer realm="Other", error="insufficient_scope", error_description="eyJ.secret", scope="chat:read chat:write"';
    expect(challenges({ fromStrategies: [said], bearerError: 'invalid_token' })).toEqual([
      'Bearer realm="Users", error="insufficient_scope", scope="chat:read chat:write"',
    ]);
  });

  it('believes the first Bearer challenge of several', () => {
    const fromStrategies = [
      'Bearer realm="Users", error="invalid_request"',
      'bearer error="insufficient_scope"',
    ];
    expect(challenges({ fromStrategies })).toEqual([
      'Bearer realm="Users", error="invalid_request"',
    ]);
  });

  it.each([
    ['unregistered', 'Bearer realm="x", error="my_error"'],
    ['with capitals', 'Bearer realm="x", error="INVALID_TOKEN"'],
    ['unquoted', 'Bearer realm="x", error=insufficient_scope'],
    ['in another parameter', 'Bearer realm="x", my_error="insufficient_scope"'],
  ])('leaves out an error that is %s', (_what, challenge) => {
    expect(challenges({ fromStrategies: [challenge] })).toEqual(['Bearer realm="Users"']);
  });

  it.each([
    ['with an escape', String.raw`Bearer scope="a\"b"`],
    ['with two spaces', 'Bearer scope="a  b"'],
    ['that is empty', 'Bearer scope=""'],
    ['without an end', 'Bearer scope="a'],
  ])('leaves out a scope %s', (_what, challenge) => {
    expect(challenges({ fromStrategies: [challenge] })).toEqual(['Bearer realm="Users"']);
  });

  it('writes Basic anew, whatever a strategy returns', () => {
    const fromStrategies = ['Basic realm="Not mine", x="secret"'];
    expect(challenges({ schemes: ['Basic'], fromStrategies })).toEqual([
      'Basic realm="Users", charset="UTF-8"',
    ]);
  });

  it('lets the challenge of another scheme through, once per scheme, behind the own ones', () => {
    const digest = 'Digest realm="Users", nonce="abc", stale=true';
    const fromStrategies = [digest, 'digest realm="again"', 'Hawk ts="1", tsm="x="'];
    expect(challenges({ fromStrategies })).toEqual([
      'Bearer realm="Users"',
      digest,
      'Hawk ts="1", tsm="x="',
    ]);
    expect(challenges({ schemes: [], fromStrategies: [digest] })).toEqual([digest]);
  });

  it.each([
    ['ST-14: a line break', 'Bearer error="a\r\nSet-Cookie: x=1"'],
    ['ST-14: a line break in another scheme', 'Digest realm="a\r\nSet-Cookie: x=1"'],
    ['ST-14: a bare LF', 'Digest realm="a\nSet-Cookie: x=1"'],
    ['ST-14: a line break at the end', 'Digest realm="a"\n'],
    ['ST-14: a NUL', 'Digest realm="a\0"'],
    ['ST-14: a DEL', 'Digest realm="a\u007f"'],
    ['a character outside ASCII', 'Digest realm="é"'],
    ['a line separator', 'Digest realm="a\u2028b"'],
    ['no parameter', 'Negotiate'],
    ['only spaces behind the scheme', 'Digest   '],
    ['something else than parameters', 'Negotiate YIIfriendly'],
    ['a scheme that is not a token', 'Not/a/scheme realm="x"'],
    ['nothing', ''],
    ['an error', new Error('No auth token')],
    ['an object', { message: 'Missing credentials' }],
    ['a number', 42],
    ['nothing at all', undefined],
    ['null', null],
    ['an object that prints itself', { toString: () => 'Digest realm="x"' }],
  ])('drops a challenge with %s', (_what, challenge) => {
    expect(challenges({ fromStrategies: [challenge] })).toEqual(['Bearer realm="Users"']);
  });

  it.each([
    'Forbidden',
    'Wrong password',
    'Unknown user alice',
    'Incorrect username or password.',
    'No auth token',
  ])(
    'BA-12: does not send the sentence "%s", which a strategy meant for the login page',
    (message) => {
      expect(challenges({ fromStrategies: [message] })).toEqual(['Bearer realm="Users"']);
    },
  );

  it('ST-14: never writes a control character, whatever strategies return', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.string({ unit: 'binary' }).map((text) => `Digest realm="${text}"`),
            fc.string({ unit: 'binary' }).map((text) => `Bearer error="${text}", scope="${text}"`),
          ),
        ),
        (fromStrategies) => {
          for (const challenge of challenges({ fromStrategies })) {
            expect(challenge).toMatch(/^[\x20-\x7e]+$/);
          }
        },
      ),
    );
  });
});

describe('bearerErrorOf', () => {
  it.each(['invalid_request', 'invalid_token', 'insufficient_scope'])('knows %s', (error) => {
    expect(bearerErrorOf(`Bearer error="${error}"`)).toBe(error);
    expect(bearerErrorOf(`Bearer realm="x",error="${error}"`)).toBe(error);
  });

  it.each([undefined, null, 7, {}, '', 'Bearer', 'Bearer error="server_error"'])(
    'knows none in %s',
    (challenge) => {
      expect(bearerErrorOf(challenge)).toBeUndefined();
    },
  );
});
