import type { Type } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy as PassportLocalStrategy } from 'passport-local';
import type { Socket } from 'socket.io';
import { describe, expect, it } from 'vitest';
import { startGraphql } from '../graphql/graphql-app.js';
import { Subscriber } from '../graphql/graphql-client.js';
import { startIo } from '../socket-io/support/io-app.js';
import { ChatGateway, RootGateway } from '../socket-io/support/io-gateways.js';
import { customStrategy } from '../support/strategies.js';

/** Reads a token that is no JWT from a field of the application's own. */
function readingStrategy(field: string): Type<object> {
  return customStrategy('reading', ({ body }) => typeof body[field] === 'string' && { id: 'ann' });
}

class OwnPasswordStrategy extends PassportStrategy(PassportLocalStrategy, 'reading') {
  constructor() {
    super({ usernameField: 'email', passwordField: 'memorized' });
  }

  validate(id: string): object {
    return { id };
  }
}

const others = { room: 'a-room-with-a-long-name', page: 3 };

/** Credentials in fields whose names do not show what they hold. */
describe.each<[string, string, Type<object>, string]>([
  ['a token', 'license', readingStrategy('license'), 'abcdef0123456789abcdef'],
  [
    'signed fields',
    'initData',
    readingStrategy('initData'),
    'user=%7B%22id%22%3A1%7D&hash=c501b71e775f',
  ],
  ['a password', 'memorized', OwnPasswordStrategy, 'correct horse'],
])('LG-02: %s in the field %s of a payload', (_what, field, strategy, secret) => {
  const payload = { ...others, email: 'ann@example.com', [field]: secret };
  const shown = { ...payload, [field]: 'REDACTED' };

  it('is hidden in the handshake of Socket.IO, in each namespace', async () => {
    await using app = await startIo({ strategy: 'reading' }, [RootGateway, ChatGateway, strategy]);
    const client = await app.open('websocket', { auth: payload }).connected();
    await app.also(client, '/chat', payload).connected();
    for (const gateway of [RootGateway, ChatGateway]) {
      const [{ handshake }] = app.nest.get(gateway).connected as [Socket];
      expect(handshake.auth).toEqual(shown);
    }
  });

  it('is hidden in connectionParams of graphql-ws', async () => {
    const module = { strategy: 'reading' };
    await using graphql = await startGraphql({ module, providers: [strategy] });
    await using client = new Subscriber(graphql.app, { connectionParams: payload });
    const ended = client.subscribe();
    await expect.poll(() => graphql.news.contexts.length).toBe(1);
    const [context] = graphql.news.contexts as [{ readonly req: { connectionParams: unknown } }];
    expect(context.req.connectionParams).toEqual(shown);
    await client.client.dispose();
    await ended;
  });
});
