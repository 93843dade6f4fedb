import { Duplex } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { limitInput } from '../../../../lib/adapters/upgrades/input-limit.js';

/** A socket that receives what a test pushes into it. */
function receiving() {
  const received: string[] = [];
  const socket = new Duplex({ read: () => undefined });
  socket.on('data', (chunk: Buffer) => received.push(chunk.toString()));
  const receive = async (...chunks: readonly string[]) => {
    chunks.forEach((chunk) => socket.push(chunk));
    await new Promise((resolve) => setImmediate(resolve));
    return received;
  };
  return { socket, receive };
}

describe('limitInput', () => {
  it('drops what is beyond the bound, and reports it once', async () => {
    const { socket, receive } = receiving();
    const onExceeded = vi.fn();
    limitInput(socket, 4, onExceeded);
    expect(await receive('ab', 'cd', 'e', 'f')).toEqual(['ab', 'cd']);
    expect(onExceeded).toHaveBeenCalledOnce();
  });

  it('takes everything once the bound is lifted', async () => {
    const { socket, receive } = receiving();
    const onExceeded = vi.fn();
    const lift = limitInput(socket, 4, onExceeded);
    await receive('abcd');
    lift();
    expect((await receive('efgh', 'ijkl')).join('')).toBe('abcdefghijkl');
    expect(onExceeded).not.toHaveBeenCalled();
  });
});
