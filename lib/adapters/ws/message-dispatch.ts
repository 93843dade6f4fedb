import type { MessageMappingProperties } from '@nestjs/websockets';
import { isObservable, type Observable, type Subscription } from 'rxjs';
import { WebSocket, type MessageEvent, type RawData } from 'ws';
import { contain, logException } from '../contain.js';

/** A message after parsing. */
export interface ParsedMessage {
  readonly event: unknown;
  readonly data: unknown;
}

/** Turns the text or the bytes of a frame into a message; `undefined` drops the frame. */
export type ParseMessage = (data: string | RawData) => ParsedMessage | undefined;

/**
 * Hands the messages of a client to the handlers of one gateway, and sends what they return.
 *
 * It does what `WsAdapter` does with an rxjs pipeline and a `Map` for every connection and gateway: guards, pipes,
 * interceptors, filters and observables work, replies go out in the order in which handlers finish, and nothing is sent
 * or dispatched once the socket closes.
 */
export function dispatchMessages(
  client: WebSocket,
  handlers: readonly MessageMappingProperties[],
  parse: ParseMessage,
): void {
  client.on('message', (data: RawData, isBinary: boolean) => {
    const message = parse(isBinary ? data : (data as Buffer).toString());
    const handler = message && handlerOf(handlers, message.event);
    if (handler) {
      void run(client, handler, message);
    }
  });
}

/** A frame, as far as adapters read it. */
type Frame = Pick<MessageEvent, 'data' | 'target' | 'type'>;

/** Handles a frame as `WsAdapter.bindMessageHandler()` does, which derived adapters override. */
export type BindFrame = (
  frame: Frame,
  handlersByEvent: Map<string, MessageMappingProperties>,
) => Observable<unknown>;

/** The same for a derived adapter that has a way of its own to handle frames, or to make replies of results. */
export function dispatchFrames(
  client: WebSocket,
  handlers: readonly MessageMappingProperties[],
  bind: BindFrame,
): void {
  const byEvent = new Map(handlers.map((handler) => [handler.message as string, handler]));
  client.on('message', (message: RawData, isBinary: boolean) => {
    contain('a message', () => {
      const data = isBinary ? message : (message as Buffer).toString();
      sendAll(client, bind({ data, target: client, type: 'message' }, byEvent));
    });
  });
}

/** The last handler of an event wins. */
function handlerOf(
  handlers: readonly MessageMappingProperties[],
  event: unknown,
): MessageMappingProperties | undefined {
  for (let index = handlers.length - 1; index >= 0; index -= 1) {
    if (handlers[index]!.message === event) {
      return handlers[index];
    }
  }
  return undefined;
}

async function run(
  client: WebSocket,
  handler: MessageMappingProperties,
  { data, event }: ParsedMessage,
): Promise<void> {
  try {
    const result: unknown = await handler.callback(data, event);
    if (isObservable(result)) {
      sendAll(client, result);
    } else {
      reply(client, result);
    }
  } catch (error) {
    // Nest's exception layer answers the client; what still arrives here is an error of a filter.
    logException(error);
  }
}

function sendAll(client: WebSocket, results: Observable<unknown>): void {
  const subscription = results.subscribe({
    // RxJS throws what a subscriber throws from a timer, where it ends the process.
    next: (result) => contain('sending a reply', () => reply(client, result)),
    error: logException,
  });
  if (subscription.closed) {
    return;
  }
  if (client.readyState === WebSocket.CLOSED) {
    // Its `close` is over, or comes in this turn, behind the messages that came before it.
    setImmediate(stop, subscription);
  } else {
    const going = repliesTo(client);
    going.add(subscription);
    subscription.add(() => going.delete(subscription));
  }
}

/**
 * Replies that go on, of clients that have had any. One listener ends all those of a client: with one for each, ending a reply would
 * take time that grows with their number, and Node would warn of a leak.
 */
const replies = new WeakMap<WebSocket, Set<Subscription>>();

function repliesTo(client: WebSocket): Set<Subscription> {
  const known = replies.get(client);
  if (known) {
    return known;
  }
  const going = new Set<Subscription>();
  replies.set(client, going);
  client.once('close', () => going.forEach(stop));
  return going;
}

function stop(subscription: Subscription): void {
  contain('ending a reply', () => subscription.unsubscribe());
}

function reply(client: WebSocket, result: unknown): void {
  if (result !== undefined && result !== null && client.readyState === WebSocket.OPEN) {
    client.send(JSON.stringify(result));
  }
}
