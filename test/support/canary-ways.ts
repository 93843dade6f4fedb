import {
  fromAuthorizationHeader,
  fromCookie,
  fromQueryParam,
  fromRequest,
  fromSubprotocol,
  fromUserInfo,
  type WsCredentialExtractor,
} from '../../lib/index.js';
import type { TestApp } from './app.js';
import type { ConnectOptions } from './client.js';
import { basicHeader, bearer } from './tokens.js';

/** A credential that must appear nowhere. */
export const canary = 'c4n4ry-Zm9vYmFyYmF6cXV4.value';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const base64url = Buffer.from(canary).toString('base64url');

/** Every form in which the canary travels. */
export const canaryForms: readonly string[] = [
  canary,
  encodeURIComponent(canary),
  base64url,
  base64(`${canary}:x`),
  base64(`alice:${canary}`),
];

type Way = readonly [
  name: string,
  extractor: WsCredentialExtractor,
  path: string,
  options: (app: TestApp) => ConnectOptions,
];

const kubernetes = { prefix: 'base64url.k8s.', encoding: 'base64url' } as const;
const read = { headers: ['X-Api-Key'], queryParams: ['key'] };
const inTarget = () => ({});
const basic = (name: string, password: string) => () => ({
  headers: { authorization: basicHeader(name, password) },
});
const cookie =
  (text: string) =>
  ({ origin }: TestApp) => ({ headers: { cookie: text, origin } });
const protocols = (entry: string) => () => ({ protocols: ['chat', entry] });

/** Every way to present the canary on the upgrade. */
export const canaryWays: readonly Way[] = [
  ['Authorization: Bearer', fromAuthorizationHeader(), '/', () => bearer(canary)],
  ['Authorization: Basic', fromAuthorizationHeader(), '/', basic('alice', canary)],
  ['a query parameter', fromQueryParam('token'), `/?a=1&token=${canary}`, inTarget],
  [
    'a parameter with an encoded name',
    fromQueryParam('token'),
    `/?t%6Fken=${canary}&b=2`,
    inTarget,
  ],
  ['a cookie', fromCookie('token'), '/', cookie(`theme=dark; token=${canary}; x=y`)],
  ['a quoted cookie', fromCookie('token'), '/', cookie(`token="${canary}"`)],
  ['a subprotocol', fromSubprotocol(), '/', protocols(`bearer.${canary}`)],
  ['base64url', fromSubprotocol(kubernetes), '/', protocols(`${kubernetes.prefix}${base64url}`)],
  ['the user name of the URL', fromUserInfo(), '/', basic(canary, 'x')],
  [
    'headers, cookies and parameters that a strategy reads',
    fromRequest(read),
    `/?key=${canary}`,
    ({ origin }) => ({
      headers: {
        'x-api-key': canary,
        'X-API-KEY': canary,
        cookie: `sid=${canary}; other=${canary}`,
        authorization: `Digest response="${canary}"`,
        origin,
      },
    }),
  ],
];
