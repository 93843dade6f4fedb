import { once } from 'node:events';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Observable } from 'rxjs';
import { expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { startGateways } from '../support/app.js';
import { bearer } from '../support/tokens.js';
import { turns } from '../support/turns.js';

let going = 0;

/** A reply that never ends by itself. */
const endless = new Observable<object>(() => {
  going += 1;
  return () => void (going -= 1);
});

@WebSocketGateway()
class EndlessGateway {
  client: WebSocket | undefined;
  release: () => void = () => undefined;

  @SubscribeMessage('endless')
  endless(@ConnectedSocket() client: WebSocket): Observable<object> {
    this.client = client;
    return endless;
  }

  @SubscribeMessage('late')
  async late(@ConnectedSocket() client: WebSocket): Promise<Observable<object>> {
    this.client = client;
    await new Promise<void>((resolve) => (this.release = resolve));
    return endless;
  }
}

it('replies that go on need one listener for all, and end with their client', async () => {
  await using app = await startGateways({}, [EndlessGateway]);
  const gateway = app.nest.get(EndlessGateway);
  const client = await app.connect('/', bearer()).opened();
  client.emit('endless');
  await vi.waitUntil(() => going === 1);
  const listeners = gateway.client!.listenerCount('close');
  for (let each = 0; each < 20; each += 1) {
    client.emit('endless');
  }
  await vi.waitUntil(() => going === 21);
  expect(gateway.client!.listenerCount('close')).toBe(listeners);
  client.socket.close();
  await vi.waitUntil(() => going === 0);
});

it('a reply ends that begins when its client has left', async () => {
  await using app = await startGateways({}, [EndlessGateway]);
  const gateway = app.nest.get(EndlessGateway);
  const { release } = gateway;
  const client = await app.connect('/', bearer()).opened();
  client.emit('late');
  await vi.waitUntil(() => gateway.release !== release);
  client.socket.close();
  await once(gateway.client!, 'close');
  gateway.release();
  await turns(10);
  expect(going).toBe(0);
});
