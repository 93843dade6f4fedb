import { describe, expect, it } from 'vitest';
import { encounter } from './encounter.js';
import { useSample } from './running-sample.js';

describe('tickets of the sample', () => {
  const sample = useSample();

  const present = async (ticket: string) =>
    encounter(sample().ws(2, { path: `/?token=${ticket}` }));

  it('changes a token into a ticket with 201, and keeps it out of caches', async () => {
    const before = Date.now();
    const response = await sample().as(await sample().token(), '/ws-tickets');
    const body = (await response.json()) as { ticket: string; expiresAt: number };
    expect(response.status).toBe(201);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      ticket: expect.stringMatching(/^[\w-]{22,}$/),
      expiresAt: expect.any(Number),
    });
    expect(body.expiresAt - before).toBeGreaterThanOrEqual(30_000);
    expect(body.expiresAt - Date.now()).toBeLessThanOrEqual(30_000);
  });

  it.each(['a-wrong-token', ''])('refuses the token "%s" with 401', async (token) => {
    expect((await sample().as(token, '/ws-tickets')).status).toBe(401);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE'])('issues nothing to %s', async (method) => {
    const response = await sample().as(await sample().token(), '/ws-tickets', method);
    expect(response.status).toBe(404);
  });

  it('admits the user of a ticket, once', async () => {
    const ticket = await sample().ticket(await sample().token('alice'));
    expect(await present(ticket)).toMatchObject({ received: ['Hello alice!'], code: 1000 });
    expect((await present(ticket)).status).toBe(401);
  });

  it('accepts one of many clients that present a ticket simultaneously', async () => {
    const ticket = await sample().ticket(await sample().token());
    const encounters = await Promise.all(Array.from({ length: 20 }, async () => present(ticket)));
    const count = (wanted: number) => encounters.filter(({ status }) => status === wanted).length;
    expect([count(101), count(401)]).toEqual([1, 19]);
  });

  it('does not take a ticket for a token, on HTTP or on another gateway', async () => {
    const ticket = await sample().ticket(await sample().token());
    expect((await sample().as(ticket, '/ws-tickets')).status).toBe(401);
    const elsewhere = await encounter(sample().ws(0, { path: `/ws?token=${ticket}` }));
    expect(elsewhere.status).toBe(401);
  });

  it('is of no use after the user has logged out everywhere, whenever it was issued', async () => {
    const token = await sample().token('carol');
    const earlier = await sample().ticket(token);
    expect((await sample().as(token, '/sessions', 'DELETE')).status).toBe(200);
    const later = await sample().ticket(token);
    expect((await present(earlier)).status).toBe(401);
    expect((await present(later)).status).toBe(401);
    const fresh = await sample().ticket(await sample().token('carol'));
    expect((await present(fresh)).received).toEqual(['Hello carol!']);
  });
});
