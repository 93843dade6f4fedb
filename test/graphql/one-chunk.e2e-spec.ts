import { once } from 'node:events';
import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { sessionOf, WsAuthSessions } from '../../lib/index.js';
import { tokenOf } from '../support/tokens.js';
import { startGraphql } from './graphql-app.js';

const said: string[] = [];

@Resolver()
class ModeratedResolver {
  constructor(private readonly sessions: WsAuthSessions) {}

  @Mutation(() => Boolean)
  say(
    @Args('text', { type: () => String }) text: string,
    @Context() { req }: { req: { extra: { socket: object } } },
  ): boolean {
    said.push(text);
    if (text === 'abuse') {
      this.sessions.disconnect({ sessionId: sessionOf(req.extra.socket)!.id });
    }
    return true;
  }
}
Reflect.defineMetadata('design:paramtypes', [WsAuthSessions], ModeratedResolver);

it('K9c: an operation that ends the session is the last one, also of those in the same chunk', async () => {
  await using graphql = await startGraphql({ providers: [ModeratedResolver] });
  const socket = new WebSocket(graphql.app.url('/graphql'), 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { token: tokenOf('alice') } }));
  await once(socket, 'message');
  const { _socket: tcp } = socket as unknown as {
    readonly _socket: { cork(): void; uncork(): void };
  };
  tcp.cork();
  for (const text of ['hello', 'abuse', 'late', 'later']) {
    const query = `mutation { say(text: "${text}") }`;
    socket.send(JSON.stringify({ type: 'subscribe', id: text, payload: { query } }));
  }
  tcp.uncork();
  await once(socket, 'close');
  expect(said).toEqual(['hello', 'abuse']);
});
