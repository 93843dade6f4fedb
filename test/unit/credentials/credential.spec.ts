import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Credential, type CredentialContent } from '../../../lib/credentials/credential.js';

const origin = { extractor: 'fromQueryParam', ambient: false, strategy: undefined };
const contents: readonly CredentialContent[] = [
  { scheme: 'Bearer', token: 'SECRET' },
  { scheme: 'Basic', username: 'SECRET', password: 'SECRET' },
  { scheme: 'fields', body: { password: 'SECRET' }, token: 'SECRET' },
  { scheme: 'request' },
];

describe('a credential', () => {
  it.each(contents)('refuses to print its content ($scheme)', (content) => {
    const credential = new Credential(content, origin);
    const printed = [
      String(credential),
      JSON.stringify(credential),
      JSON.stringify({ nested: [credential] }),
      inspect(credential),
      inspect(credential, { showHidden: true, getters: true, depth: 9 }),
      inspect(credential, { customInspect: false, showHidden: true }),
      inspect({ nested: credential }),
      format('%s %o %O %j', credential, credential, credential, credential),
      JSON.stringify(Object.entries(credential)),
      JSON.stringify(Object.getOwnPropertyNames(credential)),
      inspect(structuredClone(credential), { showHidden: true }),
    ];
    expect(printed.join('\n')).not.toContain('SECRET');
    expect(String(credential)).toBe('[credential fromQueryParam]');
    expect(credential.content).toEqual(content);
  });

  it('is not a cookie unless its extractor states it', () => {
    expect(new Credential({ scheme: 'request' }, origin).cookie).toBe(false);
    expect(new Credential({ scheme: 'request' }, { ...origin, cookie: true }).cookie).toBe(true);
  });
});
