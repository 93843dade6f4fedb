/** What a page does with a WebSocket. */
export interface Connection {
  readonly url: string;
  readonly protocols?: readonly string[];
  /** Sent when the socket is open, before the page asks who it is. */
  readonly first?: object;
}

/** What became of it, as far as the page can see. */
export interface PageView {
  readonly opened: boolean;
  readonly user?: string;
  readonly code: number;
  readonly reason: string;
}

/** Connects, asks `whoami`, and closes when it knows: an expression for the page. */
export function connecting({ url, protocols = [], first }: Connection): string {
  return `new Promise((resolve) => {
    const view = { opened: false };
    const websocket = new WebSocket(${JSON.stringify(url)}, ${JSON.stringify(protocols)});
    websocket.onopen = () => {
      view.opened = true;
      const messages = ${JSON.stringify([first, { event: 'whoami' }].filter(Boolean))};
      for (const message of messages) websocket.send(JSON.stringify(message));
    };
    websocket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.event !== 'whoami') return;
      view.user = message.data.user;
      websocket.close(1000);
    };
    websocket.onclose = ({ code, reason }) => resolve({ ...view, code, reason });
  })`;
}

/** Hands a token to a cookie bridge by a CORS `fetch`; whether it was taken. */
export function fetchingCookie(bridge: string, token: string): string {
  return `fetch(${JSON.stringify(bridge)}, {
    method: 'POST', credentials: 'include', body: ${JSON.stringify(token)},
  }).then(({ ok }) => ok)`;
}

/** Hands a token to a cookie bridge in a hidden iframe; whether it was taken. */
export function framingCookie(bridge: string, token: string): string {
  return `new Promise((resolve) => {
    const iframe = document.createElement('iframe');
    iframe.hidden = true;
    iframe.src = ${JSON.stringify(bridge)};
    iframe.onload = () => iframe.contentWindow.postMessage(${JSON.stringify(token)}, new URL(iframe.src).origin);
    addEventListener('message', ({ source, data }) => {
      if (source === iframe.contentWindow && data?.type === 'nestjs-ws-auth:cookie') resolve(data.ok);
    });
    document.body.append(iframe);
  })`;
}
