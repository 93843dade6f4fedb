import { connect } from 'node:net';

// Opens many WebSocket connections from a process of its own, so that what the clients do is not measured as what the
// server does. It reports when all are open, and how all of them were closed.

const [port, count] = process.argv.slice(2).map(Number);
const handshake = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Authorization: Bearer many',
  '\r\n',
].join('\r\n');
const window = 200;
let started = 0;
let open = 0;
let closed = 0;
const codes = {};

function next() {
  if (started === count) {
    return;
  }
  started += 1;
  const socket = connect(port, '127.0.0.1', () => socket.write(handshake));
  let received = Buffer.alloc(0);
  let isOpen = false;
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf('\r\n\r\n');
    if (!isOpen && end !== -1) {
      isOpen = true;
      received = received.subarray(end + 4);
      open += 1;
      if (open === count) {
        process.send('open');
      }
      next();
    }
    if (isOpen) {
      readFrames();
    }
  });
  socket.on('error', () => undefined);

  function readFrames() {
    while (received.length >= 2 && received.length >= 2 + received[1]) {
      const [first, length] = received;
      if (first === 0x88) {
        report(received.readUInt16BE(2));
        socket.end(Buffer.from([0x88, 0x82, 0, 0, 0, 0, received[2], received[3]]));
      }
      received = received.subarray(2 + length);
    }
  }
}

function report(code) {
  codes[code] = (codes[code] ?? 0) + 1;
  closed += 1;
  if (closed === count) {
    process.send(codes);
  }
}

for (let index = 0; index < window; index += 1) {
  next();
}
