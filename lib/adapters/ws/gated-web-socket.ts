import type { AsyncResource } from 'node:async_hooks';
import { WebSocket, type RawData } from 'ws';
import { eventMessage } from '../../protocol/message.js';
import { failClient } from './fail-client.js';
import { openGate, type Gate, type GatedWebSocket } from './gate.js';
import { gatedSends } from './gated-sends.js';
import { deliverHeld, deliverResumed } from './held-messages.js';
import { keeps, type Hold } from './hold.js';

/**
 * Makes the class of such sockets from that of `ws`, or from one that the application derived from it.
 *
 * @param gate that of sockets which this package does not accept: application code may call `handleUpgrade()` of a server
 */
export function gatedWebSocket(
  base: typeof WebSocket = WebSocket,
  gate: Gate = openGate,
): typeof WebSocket {
  const gated = class extends gatedSends(base, gate) implements GatedWebSocket {
    declare wsAuthGate: GatedWebSocket['wsAuthGate'];
    declare wsAuthOversize: number;
    wsAuthContext: AsyncResource | undefined = undefined;
    wsAuthAlive = true;
    wsAuthHold: Hold | undefined = undefined;

    override emit(event: string | symbol, ...args: unknown[]): boolean {
      if (!isAdmitted(this, event, args)) {
        return true;
      }
      const { wsAuthContext } = this;
      return wsAuthContext
        ? wsAuthContext.runInAsyncScope(() => super.emit(event, ...args))
        : super.emit(event, ...args);
    }

    override pause(): void {
      if (this.wsAuthHold) {
        this.wsAuthHold.isPaused = true;
      } else {
        super.pause();
      }
    }

    /** A paused client cannot answer pings, so its liveness counts anew. */
    override resume(): void {
      if (this.wsAuthHold) {
        this.wsAuthHold.isPaused = false;
        return;
      }
      if (this.isPaused) {
        this.wsAuthAlive = true;
      }
      super.resume();
      deliverResumed(this);
    }
  };
  return Object.defineProperty(gated, 'name', { value: base.name });
}

/** An exception of the application's code is not admitted either: it ends the client. */
function isAdmitted(
  client: GatedWebSocket,
  event: string | symbol,
  args: readonly unknown[],
): boolean {
  try {
    return passes(client, event, args);
  } catch (error) {
    failClient(client, 'a message', error);
    return false;
  }
}

/** Whether listeners receive an event now. */
function passes(client: GatedWebSocket, event: string | symbol, args: readonly unknown[]): boolean {
  if (client.wsAuthHold && keeps(client, client.wsAuthHold, event, args)) {
    return false;
  }
  if (event === 'message') {
    client.wsAuthAlive = true;
    if (client.isPaused) {
      deliverHeld(client);
    }
    return client.wsAuthGate.admits(client, args[0] as RawData, args[1] as boolean);
  }
  if (event === 'pong') {
    client.wsAuthAlive = true;
  } else if (event === 'close') {
    deliverHeld(client);
    return !client.wsAuthGate.keepsClose?.(client, args);
  } else if (
    event === 'exception' &&
    !client.wsAuthGate.isPublic &&
    client.listenerCount(event) === 0
  ) {
    // Nest 11 emits what its exception filter returns, where Nest 12 sends it to the client.
    client.send(eventMessage(event, args[0]));
  }
  return true;
}
