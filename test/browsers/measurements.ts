import type { BrowserWindow } from '../support/browser/browser-window.js';
import { tokenOf } from '../support/tokens.js';
import type { MeasuredGateways } from './measured-gateways.js';
import {
  connecting,
  fetchingCookie,
  framingCookie,
  type Connection,
  type PageView,
} from './page-scripts.js';

/** Where a measurement takes place. */
export interface Place {
  readonly window: BrowserWindow;
  readonly gateways: MeasuredGateways;
}

/** One row of the table. */
export interface Measurement {
  /** The text of the first cell. */
  readonly what: string;
  readonly measure: (place: Place) => Promise<string>;
  /** What it comes to in Chromium, there without third-party cookies, in Firefox and in WebKitGTK. */
  readonly expected: readonly string[];
}

function connect({ window }: Place, connection: Connection): Promise<PageView> {
  return window.evaluate<PageView>(connecting(connection));
}

/** Connects in the same way several times, each time as another user; counts how often the server knew which. */
async function reliably(
  place: Place,
  connectAs: (user: string) => Promise<PageView>,
  { site = 'same', times = 3 }: { readonly site?: 'same' | 'other'; readonly times?: number } = {},
): Promise<string> {
  await place.window.go(place.gateways.page(site));
  let known = 0;
  for (let time = 1; time <= times; time += 1) {
    const user = `user-${time}`;
    const { user: recognised } = await connectAs(user);
    known += recognised === user ? 1 : 0;
  }
  if (known === 0 || known === times) {
    return known === 0 ? 'no' : 'yes';
  }
  return `${known} of ${times}`;
}

/** By a CORS `fetch` and by an iframe, which come to the same. */
async function cookie(place: Place, path: string, site: 'same' | 'other'): Promise<string> {
  const bridge = place.gateways.address(`${path}/bridge`, { scheme: 'http' });
  const url = place.gateways.address(path);
  const cells = new Set<string>();
  for (const hand of [fetchingCookie, framingCookie]) {
    const connectAs = async (user: string) => {
      await place.window.evaluate(hand(bridge, tokenOf(user)));
      return connect(place, { url });
    };
    cells.add(await reliably(place, connectAs, { site }));
  }
  return [...cells].join(', ');
}

function userInfo(place: Place, site: 'same' | 'other'): Promise<string> {
  const { gateways } = place;
  const urlFor = (user: string) =>
    gateways.address('/user-info', { userInfo: `${tokenOf(user)}:x` });
  return reliably(place, (user) => connect(place, { url: urlFor(user) }), { site });
}

/** One user name, and a new password each time: the seed's way. */
async function basic(place: Place): Promise<string> {
  const { gateways, window } = place;
  await window.go(gateways.page('same'));
  const times = 6;
  let known = 0;
  for (let time = 1; time <= times; time += 1) {
    gateways.passwords.newest = `password-${time}`;
    const url = gateways.address('/basic', { userInfo: `alice:password-${time}` });
    const { user } = await connect(place, { url });
    known += user === 'alice' ? 1 : 0;
  }
  return known === times ? 'yes' : `${known} of ${times}`;
}

/** The codes that a page sees for a bad token, for its origin, and for a strategy that takes too long. */
async function refused(place: Place, rejection: 'http' | 'auto'): Promise<string> {
  const { gateways, window } = place;
  await window.go(gateways.page('same'));
  const codes: number[] = [];
  for (const why of ['token', 'origin', 'late']) {
    const url = gateways.address(`/${rejection}/${why}`);
    const { code } = await connect(place, { url, protocols: ['chat', 'bearer.nobody'] });
    codes.push(code);
  }
  return codes.join(', ');
}

const everywhere = ['yes', 'yes', 'yes', 'yes'] as const;

export const measurements: readonly Measurement[] = [
  {
    what: '`fromFirstMessage()`',
    expected: everywhere,
    measure: (place) =>
      reliably(place, (user) =>
        connect(place, {
          url: place.gateways.address('/first-message'),
          first: { event: 'authenticate', data: { token: tokenOf(user) } },
        }),
      ),
  },
  {
    what: '`fromSubprotocol()`',
    expected: everywhere,
    measure: (place) =>
      reliably(place, (user) =>
        connect(place, {
          url: place.gateways.address('/subprotocol'),
          protocols: ['chat', `bearer.${tokenOf(user)}`],
        }),
      ),
  },
  {
    what: '`fromQueryParam()`',
    expected: everywhere,
    measure: (place) =>
      reliably(place, (user) =>
        connect(place, { url: place.gateways.address(`/query?token=${tokenOf(user)}`) }),
      ),
  },
  {
    what: '`fromCookie()` with its `bridge`',
    expected: everywhere,
    measure: (place) => cookie(place, '/cookie', 'same'),
  },
  {
    what: 'the same, page on another site (`crossSite`)',
    expected: ['yes', 'yes', 'yes', 'no'],
    measure: (place) => cookie(place, '/cross-cookie', 'other'),
  },
  {
    what: '`fromUserInfo()`',
    expected: everywhere,
    measure: (place) => userInfo(place, 'same'),
  },
  {
    what: 'the same, page on another site',
    expected: ['yes', 'no', 'yes', 'yes'],
    measure: (place) => userInfo(place, 'other'),
  },
  {
    what: '`ws://user:password@host/`, each password good once',
    expected: ['yes', 'yes', '3 of 6', 'yes'],
    measure: basic,
  },
  {
    what: 'refused: bad token, wrong origin, timeout',
    expected: Array.from({ length: 4 }, () => '1006, 1006, 1006'),
    measure: (place) => refused(place, 'http'),
  },
  {
    what: "the same with `rejection: 'auto'`",
    expected: ['3000, 3003, 1013', '3000, 3003, 1013', '3000, 3003, 1013', '3000, 3003, 1006'],
    measure: (place) => refused(place, 'auto'),
  },
];
