import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import type { Contender } from './contender.js';
import { listen } from './listen.js';
import { answer } from './raw-echo.js';
import { verifier } from './verify.js';

interface FirstMessage {
  readonly data: { readonly token: string };
}

/** `ws`, and a token in the first message: listens for the rest once the token is verified. */
export const handWrittenFirstMessage: Contender = async (settings) => {
  const verify = verifier(settings);
  const server = createServer();
  new WebSocketServer({ server }).on('connection', (client) => {
    client.once('message', async (first: Buffer) => {
      const { data } = JSON.parse(first.toString()) as FirstMessage;
      try {
        const user = await verify(data.token);
        client.on('message', (next: Buffer) => answer(client, next.toString(), user));
        client.send('{"event":"authenticated"}');
      } catch {
        client.close(3000, 'unauthorized');
      }
    });
  });
  return { port: await listen(server) };
};
