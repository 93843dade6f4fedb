import type { IncomingMessage } from 'node:http';

/**
 * Reads a body of at most so many bytes; `undefined` if it is larger, broken off, or was already read.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (request.readableEnded || request.destroyed) {
      resolve(undefined);
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        resolve(undefined);
        request.pause();
      } else {
        chunks.push(chunk);
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}
