import { describe, expect, it } from 'vitest';
import { clientFactsOf, setClientFacts } from '../../../lib/passport/client-facts.js';

describe('the facts about a client', () => {
  it('are found on the request they were set on, and on what derives from it', () => {
    const facts = { path: '/ws', address: '192.0.2.1', origin: 'https://app.example.com' };
    const request = {};
    setClientFacts(request, facts);
    expect(clientFactsOf(request)).toBe(facts);
    expect(clientFactsOf(Object.create(request) as object)).toBe(facts);
    expect(Object.keys(request)).toEqual([]);
  });

  it('are empty for any other request', () => {
    expect(clientFactsOf({})).toEqual({ path: '', address: '', origin: undefined });
  });
});
