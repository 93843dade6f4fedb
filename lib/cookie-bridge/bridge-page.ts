import { createHash } from 'node:crypto';
import { bridgeMessageType } from '../protocol/message.js';

/** The page in the iframe: a document, and the policy it is served with. */
export interface BridgePage {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

/**
 * Makes the page that takes a token from an allowed parent and has it set as a cookie.
 *
 * The token goes to the server of the gateway itself, which alone can set an `HttpOnly` cookie there. The script names no
 * global, runs by its hash, and answers the origin of the message, never `*`.
 */
export function bridgePage(parentOrigins: readonly string[]): BridgePage {
  const script = `(() => {
  const origins = new Set(${scriptValue(parentOrigins)});
  addEventListener('message', async ({ data, origin, source }) => {
    if (source !== parent || !origins.has(origin) || typeof data !== 'string') return;
    let ok = false;
    try {
      ({ ok } = await fetch(location.pathname, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: data }));
    } catch {}
    parent.postMessage({ type: ${scriptValue(bridgeMessageType)}, ok }, origin);
  });
})();`;
  const hash = createHash('sha256').update(script).digest('base64');
  return {
    html: `<!doctype html><html lang="en"><meta charset="utf-8"><title>Cookie bridge</title><script>${script}</script></html>\n`,
    contentSecurityPolicy: [
      "default-src 'none'",
      `script-src 'sha256-${hash}'`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      `frame-ancestors ${parentOrigins.join(' ')}`,
    ].join('; '),
  };
}

/** JSON that cannot end a script element. */
function scriptValue(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
}
