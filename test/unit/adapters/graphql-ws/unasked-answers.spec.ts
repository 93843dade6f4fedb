import { Duplex } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { watchAnswers } from '../../../../lib/adapters/graphql-ws/unasked-answers.js';

const head = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n');
const ack = frame(0x81, '{"type":"connection_ack"}');

/** A frame as servers write it (RFC 6455 §5.2). */
function frame(first: number, payload: string): Buffer {
  const bytes = Buffer.from(payload);
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(bytes.length));
  const size =
    bytes.length < 126
      ? [bytes.length]
      : bytes.length < 65_536
        ? [126, ...long.subarray(6)]
        : [127, ...long];
  return Buffer.concat([Buffer.from([first, ...size]), bytes]);
}

function pong(length: number): Buffer {
  return frame(0x81, `{"type":"pong","payload":"${'x'.repeat(length)}"}`);
}

/** A socket, and what a server has sent through it. */
function sending() {
  const sent: Buffer[] = [];
  const socket = new Duplex({
    write: (chunk: Buffer, _encoding, callback) => {
      sent.push(chunk);
      callback();
    },
  });
  return { socket, sent: () => Buffer.concat(sent) };
}

/** The bytes in pieces of that size. */
function inPieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

const passing = [
  frame(0x89, 'ws ping'),
  pong(0),
  pong(200),
  frame(0x8a, ''),
  pong(70_000),
  frame(0x88, '\u0003\u00e8bye'),
];

describe('watchAnswers', () => {
  it.each([1, 2, 7, 1_000, 1_000_000])(
    'lets pass what a server may send unasked, in pieces of %i bytes',
    (size) => {
      const { socket, sent } = sending();
      const onAnswer = vi.fn();
      watchAnswers(socket, onAnswer);
      const all = Buffer.concat([head, ...passing]);
      inPieces(all, size).forEach((piece) => socket.write(piece));
      expect(sent().equals(all)).toBe(true);
      expect(onAnswer).not.toHaveBeenCalled();
    },
  );

  it.each([
    ['an acknowledgement', ack],
    ['an acknowledgement after a pong', Buffer.concat([pong(5), ack])],
    ['one that is compressed', frame(0xc1, 'compressed, and long enough')],
    ['one in binary', frame(0x82, '{"type":"pong","but":"binary"}')],
    ['the beginning of one', frame(0x01, '{"type":"pong","in":"pieces"}')],
    ['a text that is shorter than a pong', frame(0x81, '{"type":"po')],
    ['a result', frame(0x81, '{"id":"1","type":"next","payload":{"data":{}}}')],
  ])('holds back %s, and all that follows', (_what, answer) => {
    for (const size of [1, 3, 1_000]) {
      const { socket, sent } = sending();
      const onAnswer = vi.fn();
      watchAnswers(socket, onAnswer);
      socket.write(head.toString('latin1'));
      inPieces(answer, size).forEach((piece) => socket.write(piece));
      socket.write(pong(0));
      expect(onAnswer).toHaveBeenCalledOnce();
      const text = sent().subarray(head.length).toString('latin1');
      expect(text).not.toMatch(/_ack|next|compressed|binary|pieces/);
    }
  });

  it('lets a server refuse', () => {
    const { socket, sent } = sending();
    const onAnswer = vi.fn();
    watchAnswers(socket, onAnswer);
    const refusal =
      'HTTP/1.1 400 Bad Request\r\n\r\nBad Request, in many more words than a frame has';
    socket.write(refusal);
    expect(sent().toString()).toBe(refusal);
    expect(onAnswer).not.toHaveBeenCalled();
  });

  it('lets everything pass once it has stopped', () => {
    const { socket, sent } = sending();
    const onAnswer = vi.fn();
    const stop = watchAnswers(socket, onAnswer);
    socket.write(head);
    stop();
    socket.write(ack);
    expect(sent().equals(Buffer.concat([head, ack]))).toBe(true);
    expect(onAnswer).not.toHaveBeenCalled();
  });
});
