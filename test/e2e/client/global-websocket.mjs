// Uses the published client with the WebSocket of Node.js itself. Prints `open` each time it is authenticated; the second
// time it asks who it is, prints the answer and ends.
// usage: global-websocket.mjs URL TOKEN
import { connect } from 'nestjs-ws-auth/client';

const [url, token] = process.argv.slice(2);
const socket = connect(url, { token: () => token, backOffMs: 50 });
let opened = 0;

socket.addEventListener('open', () => {
  opened += 1;
  process.stdout.write('open\n');
  if (opened === 2) socket.send(JSON.stringify({ event: 'whoami' }));
});
socket.addEventListener('message', ({ data }) => {
  process.stdout.write(`${String(data)}\n`);
  socket.close();
});
socket.addEventListener('close', ({ code }) => process.stdout.write(`closed ${code}\n`));
