// Runs the published client as on React Native: without the globals that it has not. Prints the answer to `whoami`.
// usage: without-globals.mjs URL TOKEN
import { WebSocket } from 'ws';

const NativeBlob = Blob;
class TextBlob extends NativeBlob {
  constructor(parts) {
    if (parts.some((part) => typeof part !== 'string')) throw new Error('takes no buffers');
    super(parts);
  }
}
globalThis.Blob = TextBlob;
for (const name of [
  'EventTarget',
  'Event',
  'MessageEvent',
  'CloseEvent',
  'CustomEvent',
  'DOMException',
  'reportError',
]) {
  delete globalThis[name];
}
delete AbortSignal.any;
delete AbortSignal.timeout;
delete URL.canParse;
delete URL.prototype.searchParams;

const { connect } = await import('nestjs-ws-auth/client');
const [url, token] = process.argv.slice(2);
const stop = new AbortController();
const socket = connect(url, {
  token: () => token,
  WebSocket,
  maxQueuedMessages: 2,
  signal: stop.signal,
});
socket.send(JSON.stringify({ event: 'whoami' }));
socket.send(new Uint8Array(3));
try {
  socket.send('one too many');
} catch ({ name }) {
  process.stdout.write(`${name} ${socket.bufferedAmount}\n`);
}
socket.addEventListener('message', ({ data }) => {
  process.stdout.write(`${String(data)}\n`);
  stop.abort();
});
socket.addEventListener('close', ({ reason }) => process.stdout.write(`${reason}\n`));
