import { bridgeMessageType, type BridgeMessage } from '../protocol/message.js';
import { settleOptions } from './settle-options.js';
import type { WsAuthWay } from './way.js';

/** Options of {@link cookie}. */
export interface CookieWayOptions {
  /** Address of the `bridge` of the gateway's `fromCookie()`, such as `https://ws.example.com/chat/bridge`. */
  readonly bridge: string | URL;
}

/** What the iframe needs of a page, which exists only in browsers. */
interface Page {
  readonly document?: {
    createElement(name: 'iframe'): Iframe;
    readonly documentElement: { append(element: Iframe): void };
  };
  addEventListener(type: 'message', listener: (event: Posted) => void, options: object): void;
}

interface Iframe {
  hidden: boolean;
  src: string;
  addEventListener(type: 'load', listener: () => unknown): void;
  readonly contentWindow: { postMessage(message: string, origin: string): void } | null;
  remove(): void;
}

interface Posted {
  readonly source: unknown;
  readonly data: Partial<BridgeMessage> | null;
}

const page = globalThis as unknown as Page;

/**
 * Has the gateway's own origin set a cookie with the token, for gateways with `fromCookie()` and a `bridge`: by a CORS
 * `fetch`, and where that is blocked by a hidden iframe.
 *
 * @throws {TypeError} for an unknown option, and for an address that is not a valid URL.
 * @example
 * ```ts
 * connect(url, { token: newToken, via: cookie({ bridge: 'https://api.example.com/chat/bridge' }) });
 * ```
 * @publicApi
 */
export function cookie(options: CookieWayOptions): WsAuthWay {
  const given = { ...options, bridge: String(options?.bridge) };
  settleOptions({ bridge: '/' }, given, /^\s*https?:/i);
  const address = new URL(given.bridge);
  // Once a fetch has come through, one that fails is not blocked: the server is away, and an iframe would never answer.
  let isBlocked = true;
  return {
    async prepare(token, signal) {
      try {
        const status = await byFetch(address, token, signal);
        isBlocked = false;
        return status;
      } catch (error) {
        if (isBlocked && page.document && !signal.aborted) {
          return byIframe(address, token, signal);
        }
        throw error;
      }
    },
  };
}

async function byFetch(address: URL, token: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(address, {
    method: 'POST',
    body: token,
    credentials: 'include',
    // A proxy that answers 307 would have the token sent to another server.
    redirect: 'error',
    signal,
  });
  return response.status;
}

/** Resolves with the status that the answer of the iframe stands for; it only distinguishes success from failure. */
async function byIframe({ href, origin }: URL, token: string, signal: AbortSignal) {
  const iframe = page.document!.createElement('iframe');
  try {
    return await new Promise<number>((resolve, reject) => {
      signal.addEventListener('abort', reject);
      page.addEventListener(
        'message',
        ({ source, data }) => {
          if (source === iframe.contentWindow && data?.type === bridgeMessageType) {
            resolve(data.ok ? 204 : 401);
          }
        },
        { signal },
      );
      iframe.addEventListener('load', () => iframe.contentWindow?.postMessage(token, origin));
      iframe.hidden = true;
      iframe.src = href;
      page.document!.documentElement.append(iframe);
    });
  } finally {
    iframe.remove();
  }
}
