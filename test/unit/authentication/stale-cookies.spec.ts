import { describe, expect, it } from 'vitest';
import { StaleCookies } from '../../../lib/authentication/stale-cookies.js';
import type { Subject } from '../../../lib/authentication/credential-judge.js';
import { Credential, type CredentialContent } from '../../../lib/credentials/credential.js';

const origin = { extractor: 'fromCookie', ambient: true, cookie: true, strategy: undefined };
const cookie = (token: string) => new Credential({ scheme: 'Bearer', token }, origin);
const request = new Credential({ scheme: 'request' } satisfies CredentialContent, origin);
const from = (address: string, header = 's=a') =>
  ({ client: { address }, original: { headers: { cookie: header } } }) as unknown as Subject;

describe('cookies that were rejected', () => {
  it('K13a: are the same guess again, from the same address alone', () => {
    const stale = new StaleCookies();
    const asked = [
      stale.isRepeated(from('192.0.2.1'), cookie('a')),
      stale.isRepeated(from('192.0.2.1'), cookie('a')),
      stale.isRepeated(from('192.0.2.1'), cookie('b')),
      stale.isRepeated(from('192.0.2.2'), cookie('a')),
      stale.isRepeated(from('192.0.2.1'), cookie('a')),
    ];
    expect(asked).toEqual([false, true, false, false, true]);
  });

  it('K13a: are all cookies of a request that a strategy reads by itself', () => {
    const stale = new StaleCookies();
    expect(stale.isRepeated(from('192.0.2.1', 'sid=1'), request)).toBe(false);
    expect(stale.isRepeated(from('192.0.2.1', 'sid=2'), request)).toBe(false);
    expect(stale.isRepeated(from('192.0.2.1', 'sid=1'), request)).toBe(true);
  });

  it('K13a: are forgotten, the oldest first, so that guesses take bounded memory', () => {
    const stale = new StaleCookies();
    stale.isRepeated(from('192.0.2.1'), cookie('first'));
    stale.isRepeated(from('192.0.2.1'), cookie('kept'));
    for (let guess = 0; guess < 4_094; guess += 1) {
      stale.isRepeated(from('192.0.2.1'), cookie(`${guess}`));
    }
    expect(stale.isRepeated(from('192.0.2.1'), cookie('kept'))).toBe(true);
    stale.isRepeated(from('192.0.2.1'), cookie('one more'));
    expect(stale.isRepeated(from('192.0.2.1'), cookie('first'))).toBe(false);
  });
});
