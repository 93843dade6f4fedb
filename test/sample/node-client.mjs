// Authenticates with Node's own WebSocket and prints what happened as JSON.
// usage: node-client.mjs URL [PROTOCOLS or OPTIONS as JSON] [MESSAGE ...]
const [url, options, ...messages] = process.argv.slice(2);
const websocket = new WebSocket(url, JSON.parse(options ?? '[]'));
const received = [];

websocket.addEventListener('open', () => messages.forEach((message) => websocket.send(message)));
websocket.addEventListener('message', ({ data }) => {
  received.push(data);
  if (data.startsWith('Hello ')) websocket.send(`Goodbye ${data.slice(6, -1)}.`);
  if (data.includes('"whoami"')) websocket.close(1000);
});
websocket.addEventListener('close', ({ code }) => {
  process.stdout.write(JSON.stringify({ received, code }));
});
