import { describe, expect, it } from 'vitest';
import { ClientGates } from '../../../../lib/adapters/socket-io/client-gates.js';
import type { IoNamespace } from '../../../../lib/adapters/socket-io/platform-types.js';
import type { SocketGate } from '../../../../lib/adapters/socket-io/socket-gate.js';

function gateIn(name: string): SocketGate {
  return { socket: { nsp: { name } as IoNamespace } } as SocketGate;
}

describe('the clients of a connection', () => {
  it('are found by their namespace', () => {
    const gates = new ClientGates();
    const [chat, news] = [gateIn('/chat'), gateIn('/news')];
    gates.add(chat);
    expect([gates.has(chat.socket.nsp), gates.has(news.socket.nsp)]).toEqual([true, false]);
    gates.delete(chat);
    expect([gates.has(chat.socket.nsp), gates.size]).toEqual([false, 0]);
  });

  it('hold until the last of them does not', () => {
    const gates = new ClientGates();
    gates.held(1);
    gates.held(1);
    gates.held(-1);
    expect(gates.someHold).toBe(true);
    gates.held(-1);
    expect(gates.someHold).toBe(false);
  });

  it('K6a: are asked for each packet without a walk through all of them', () => {
    const gates = new ClientGates();
    let walks = 0;
    const all = gates[Symbol.iterator].bind(gates);
    gates[Symbol.iterator] = () => {
      walks += 1;
      return all();
    };
    for (let index = 0; index < 1_000; index += 1) {
      gates.add(gateIn(`/room-${index}`));
    }
    expect([gates.has(gateIn('/other').socket.nsp), gates.someHold, walks]).toEqual([
      false,
      false,
      0,
    ]);
  });
});
