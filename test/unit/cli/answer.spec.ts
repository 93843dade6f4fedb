import { describe, expect, it } from 'vitest';
import { accepted, answeredWith } from '../../../lib/cli/answer.js';

describe('the answer of a server', () => {
  it.each([
    [undefined, 'accepted'],
    [null, 'accepted'],
    [Date.UTC(2100, 0, 1), 'accepted until 2100-01-01T00:00:00.000Z'],
    [9e15, 'accepted until an unknown time'],
  ])('states for an end at %j: %s', (expiresAt, text) => {
    expect(accepted(expiresAt)).toEqual({ code: '101', accepted: true, text });
  });

  it.each([
    ['text/plain; charset=utf-8', 'not found\n', 'not found  ERR_WS_AUTH_UNKNOWN_PATH'],
    ['text/plain', 'no such page\n', 'no such page'],
    ['text/plain', '', 'Not Found'],
    ['text/html', '<title>not found</title>', 'Not Found'],
    ['', 'not found', 'Not Found'],
  ])('is the text of a response of the type %j with %j: %s', (contentType, body, text) => {
    const answer = answeredWith({ status: 404, contentType, body }, 'a token');
    expect(answer).toEqual({ code: '404', accepted: false, text });
  });
});
