/** What a client sends in one attempt. */
export interface Sending {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  /** The first message, or with Socket.IO the payload of the CONNECT packet. */
  readonly message?: string;
}

/** A place in which a client can send its credential. */
export interface Place {
  /** The extractor that reads it, as a gateway lists it. */
  readonly extractor: string;
  /** Whether the credential becomes a part of the URL, which access logs keep. */
  readonly inUrl: boolean;
  /** What changes in an attempt without a credential. */
  send(sending: Sending, token: string): Partial<Sending>;
}

/** Names that the server may have chosen otherwise. */
export interface PlaceNames {
  readonly query: string;
  readonly cookie: string;
  readonly subprotocol: string;
}

/** The places that both transports have, besides the first message. */
export function placesOfUpgrade({ query, cookie }: PlaceNames): Place[] {
  return [
    place('fromAuthorizationHeader()', ({ headers }, token) => ({
      headers: { ...headers, authorization: `Bearer ${token}` },
    })),
    // Browsers attach cookies by themselves, so the server wants to know the page: the same origin, unless another is given.
    place(`fromCookie('${cookie}')`, ({ url, headers }, token) => ({
      headers: {
        origin: url.origin.replace('ws', 'http'),
        ...headers,
        cookie: `${cookie}=${encodeURIComponent(token)}`,
      },
    })),
    inUrl(`fromQueryParam('${query}')`, (url, token) => url.searchParams.set(query, token)),
  ];
}

/** The places that native WebSockets alone have. */
export function placesOfWebSocket({ subprotocol }: PlaceNames): Place[] {
  const prefix = subprotocol === 'bearer.' ? '' : `{ prefix: '${subprotocol}' }`;
  return [
    place(`fromSubprotocol(${prefix})`, (_, token) => ({
      protocols: ['nestjs-ws-auth', subprotocol + token],
    })),
    inUrl('fromUserInfo()', (url, token) => {
      url.username = token;
      url.password = 'x';
    }),
  ];
}

export function place(extractor: string, send: Place['send']): Place {
  return { extractor, inUrl: false, send };
}

function inUrl(extractor: string, write: (url: URL, token: string) => void): Place {
  return {
    extractor,
    inUrl: true,
    send({ url }, token) {
      const changed = new URL(url);
      write(changed, token);
      return { url: changed };
    },
  };
}
