import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import { expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { sessionOf, WsAuthSessions } from '../../lib/index.js';
import { startGateways } from '../support/app.js';
import { hourMs, restoreClocks, useFakeClock } from '../support/clocks.js';
import { sendTogether } from '../support/send-together.js';
import { bearer, tokenOf } from '../support/tokens.js';

/** A gateway whose handlers Nest begins some promises after their messages, because they have pipes. */
@WebSocketGateway()
class ModeratedGateway {
  readonly handled: unknown[] = [];

  constructor(private readonly sessions: WsAuthSessions) {}

  @SubscribeMessage('say')
  say(@MessageBody() text: string, @ConnectedSocket() client: WebSocket): void {
    this.handled.push(text);
    if (text === 'abuse') {
      this.sessions.disconnect({ sessionId: sessionOf(client)!.id });
    } else if (text === 'wait') {
      vi.setSystemTime(Date.now() + 2 * hourMs);
    }
  }
}
Reflect.defineMetadata('design:paramtypes', [WsAuthSessions], ModeratedGateway);

const say = (data: unknown) => ({ event: 'say', data });

const start = () => startGateways({}, [ModeratedGateway]);

restoreClocks();

it.each(['abuse', 'wait'])(
  'K9c: a handler that ends the session, by "%s", is the last one, also for messages of the same chunk',
  async (word) => {
    useFakeClock();
    await using app = await start();
    const client = await app.connect('/', bearer(tokenOf('alice'))).opened();
    sendTogether(client, say('hello'), say(word), say('late'), say('later'));
    await client.closed();
    expect(app.nest.get(ModeratedGateway).handled).toEqual(['hello', word]);
  },
);

/** How many messages of a client come in one chunk, and what comes before them in it. */
const chunks = {
  'that was authenticated in the upgrade': [2_000, bearer(tokenOf('alice')), []],
  'behind its first message': [
    60,
    {},
    [{ event: 'authenticate', data: { token: tokenOf('alice') } }],
  ],
} as const;

it.each(Object.entries(chunks))(
  'all messages of one chunk are handled in order, of a client %s that leaves behind them',
  async (_who, [count, options, before]) => {
    await using app = await start();
    const client = await app.connect('/', options).opened();
    const numbers = Array.from({ length: count }, (_, index) => index);
    sendTogether(client, ...before, ...numbers.map(say));
    client.socket.close();
    await client.closed();
    const { handled } = app.nest.get(ModeratedGateway);
    await expect.poll(() => handled.length).toBe(count);
    expect(handled).toEqual(numbers);
  },
);
