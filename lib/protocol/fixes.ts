import type { WsAuthCheck } from './diagnosis.js';

/** What a client sends first. */
export const firstMessage =
  'send {"event":"authenticate","data":{"token":"<token>"}} as the first message';
const unreachable =
  'what the strategy asks, such as a JWKS or a database, cannot be reached: look at its address';
const expired =
  "renew the token, and compare the clocks; expiresIn: '900' of jsonwebtoken is 900 ms, and 900 is seconds";
const alone = 'send the token alone';
const proxies = 'behind a proxy without trustProxy all clients have one address';

/** What to do about each check that refuses, for the developer who reads the log. */
const fixesOfChecks: Readonly<Record<WsAuthCheck, string>> = {
  'http-version': 'a proxy speaks HTTP/1.0: set proxy_http_version 1.1',
  method: 'a WebSocket handshake is a GET: look at the client library',
  'header-count': 'the client, or a proxy, sends more than 100 header fields',
  'repeated-header': 'send each of the named header fields once',
  body: 'a WebSocket handshake has no body: look at the client library',
  'early-data': 'the client has to wait for the answer to its handshake before it sends more',
  upgrade: 'a proxy has dropped Upgrade: pass it on, as lib/guides/behind-a-proxy.md shows',
  'sec-websocket-version': 'the client has to speak version 13 of the protocol',
  connection: 'a proxy has dropped Connection: pass it on, as lib/guides/behind-a-proxy.md shows',
  'sec-websocket-key': 'connect with a WebSocket client: the key of the handshake is missing',
  'request-target': 'connect to a path, such as ws://host/chat',
  host: 'a client or a proxy has to send one Host, the one of the URL',
  'sec-websocket-protocol':
    'the second argument of new WebSocket() is a list of subprotocols, and takes no options and no headers',
  'sec-websocket-extensions': 'the client, or a proxy, sends extensions that cannot be parsed',
  path: 'paths are exact, and a global prefix does not hold for gateways: connect to one of paths, or set path in @WebSocketGateway(); /socket.io/ is the path of Socket.IO, which needs @nestjs/platform-socket.io',
  origin:
    'add the origin of the page to allowedOrigins, or set trustProxy if a proxy ends TLS or changes Host',
  middleware: 'look at what the named middleware answers',
  'sid-origin': 'each request of a connection has to come from the page that opened it',
  'sid-cookie': 'the client has to connect again after its cookie has changed',
  'sid-address':
    'bindSidToAddress keeps a connection to one address: leave it out for clients that move',
  'sid-upgrade': 'a connection by polling opens one WebSocket at a time',
  'no-credential':
    'send the token where the named extractors look, or list the extractor of the place where it is (unread) in credentials',
  'several-credentials': 'send one credential: both named extractors have found one',
  scheme: 'send "Authorization: Bearer <token>"',
  basic: 'send base64 of name:password behind Basic',
  password: 'fromUserInfo() takes ws://TOKEN:x@host/, with x as the password',
  size: 'the credential is larger than maxCredentialBytes: make the token smaller, or the option larger',
  'token-repeated': 'send the token once: two values have its name',
  'token-encoding': 'encode the token with encodeURIComponent(), or by the option encoding',
  'token-whitespace': 'trim the token: it has a space or a line break at an end',
  'token-scheme': `${alone}, without "Bearer " before it`,
  'token-empty': `${alone}: it is empty, as of a variable that is not set`,
  'token-quotes': `${alone}, without quotes: it was encoded as JSON`,
  'token-syntax': `${alone}: it has characters that no token may have, as [object Object] has`,
  'token-type': 'token has to be a text: send the token itself, and wait for it if it is a promise',
  'subprotocol-alone':
    'offer another subprotocol beside the token: new WebSocket(url, [name, token])',
  json: firstMessage,
  event: firstMessage,
  data: firstMessage,
  binary: 'send the first message as text: JSON.stringify(), without Buffer or Blob',
  'no-renewal': 'connect again: a message cannot renew this session',
  'no-object': 'return an object from validate()',
  'no-key': 'return id from validate(), or set the option userId',
  bound: 'issue tokens without cnf for this gateway, or a ticket',
  expired:
    'the end of the user or the token has passed: exp counts seconds, and expiresAt milliseconds',
  expiry: 'exp has to be a number of seconds, and expiresAt has to return milliseconds',
  tokens: 'let the strategy read the place of its token alone',
  'other-user': 'a renewal is for the same user: connect again for another one',
  'other-issuer': 'a renewal is by the same issuer: connect again with the other token',
  revoked: 'log in again: the user, the session or the token was revoked',
  'failed-attempts': `the limit of failedAttempts is reached; ${proxies}`,
  'max-pending': 'the server is full: raise maxPending, or find out why strategies are slow',
  'max-pending-per-address': `too many clients of one address wait; ${proxies}`,
  'max-sessions-per-user': "end another session, or set onLimit: 'closeOldest'",
  'max-queued-messages': 'wait for "authenticated" before you send more',
  'max-queued-bytes': 'wait for "authenticated" before you send more',
  'renewal-running': 'wait for the answer before you send "authenticate" again',
  'renewals-per-minute': 'send "authenticate" less often, or raise maxReauthenticationsPerMinute',
  'first-message-deadline': `${firstMessage}, within authTimeoutMs`,
  deadline: 'the strategy has not ended within authTimeoutMs: bound what validate() waits for',
  store: 'the store or the limiter does not answer: look at its connection',
  closing: 'the application closes: connect again',
};

/** The same for what a strategy of an application answers: the fault, if it is known, or the name. */
const fixesOfAnswers: Readonly<Record<string, string>> = {
  signature:
    'the token was signed with another key than secretOrKey of the strategy; compare also a line break at the end',
  algorithm:
    'alg of the token is not among the algorithms of the strategy, or does not fit its key',
  audience: 'aud of the token is not the audience of the strategy',
  issuer: 'iss of the token is not the issuer of the strategy; compare also a slash at the end',
  subject: 'sub of the token is not the one that the strategy expects',
  'no-jwt':
    'what the client has sent is not a JWT; it may be undefined, an opaque token, or have Bearer before it, which a query writes as Bearer+',
  key: 'the strategy has no key that fits: a public key is a PEM with its BEGIN and END lines, and a JWKS has the kid of the token',
  TokenExpiredError: expired,
  JWTExpired: expired,
  ECONNREFUSED: unreachable,
  ECONNRESET: unreachable,
  ENOTFOUND: unreachable,
  ETIMEDOUT: unreachable,
  Exception:
    'validate(), or what it calls, threw the named exception: look at its condition, since the token itself may be good',
  BadRequestError:
    'the strategy found no credential where it looks, or found it malformed: send it there, in a field of the name that the strategy reads',
  Error:
    'if the strategy threw the named error, a line of the level error has the stack; a session and signed cookies need their middleware in the option middleware',
  NotBeforeError: 'the token is not valid yet: compare the clocks',
  'no-token-found':
    'the strategy found no token where it looks: let it read the Authorization header, or list the extractor of the place it reads',
  failed:
    'the strategy gave no reason: validate() returned nothing, so return the user, or the strategy found no credential where it looks',
  threw:
    'the strategy threw what is not an Error: throw UnauthorizedException to refuse, and an Error where something is broken',
  redirected:
    'the strategy sends users to a login page: log in over HTTP, and connect with the session or a ticket',
  answered:
    'the strategy has sent a response by itself, such as a login page: log in over HTTP, and connect with the session or a ticket; to refuse, throw UnauthorizedException',
  passed:
    'the strategy decided nothing: list one that accepts or refuses, and set optional: true for guests',
  'not-registered': 'the strategy is registered no more: keep it as long as the application runs',
};

/** What to do, by the name of a check, a fault or an answer. */
export const fixes: Readonly<Record<string, string>> = { ...fixesOfChecks, ...fixesOfAnswers };
