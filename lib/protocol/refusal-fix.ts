import type { WsAuthDiagnosis } from './diagnosis.js';
import { firstMessage, fixes } from './fixes.js';
import { originFix } from './origin-fix.js';
import type { WsAuthTransport } from './transport.js';

/** How a client of each transport sends its token after the handshake. */
const messages: Readonly<Record<WsAuthTransport, string>> = {
  ws: firstMessage,
  'socket.io': 'pass the token in the options of the client: io(url, { auth: { token } })',
  'graphql-ws': 'pass the token in the options of createClient: connectionParams: { token }',
};

/** An extractor for the place of a token, and the kind of the place. */
interface Reading {
  readonly kind: string;
  readonly extractor: string;
}

/** Header fields that have an extractor of their own. */
const places: ReadonlyMap<string, Reading> = new Map([
  [
    'authorization',
    {
      kind: 'authorization',
      extractor:
        'fromAuthorizationHeader() and send "Bearer " before the token, or fromRequest() for another scheme',
    },
  ],
  ['sec-websocket-protocol', { kind: 'subprotocol', extractor: 'fromSubprotocol()' }],
]);

/** A browser sends the cookies of everything that a site has: only these may be meant for the gateway. */
const cookieOfToken = /^cookie:.*(?:token|auth|jwt|sess|sid)/i;

/** The checks that clients of other transports than `ws` meet in another form: their first message is an option. */
const ofFirstMessages: ReadonlySet<string> = new Set([
  'no-credential',
  'json',
  'event',
  'data',
  'first-message-deadline',
]);

/** What a developer can do about a refusal, and the name that it is for. */
export interface RefusalFix {
  /** What identifies the text, so that a log has it once. */
  readonly of: string;
  readonly text: string;
}

/**
 * What a developer can do about a refusal. `undefined` where the diagnosis has no name that is known here.
 *
 * @param transport of the client, whose first message has a form of its own
 */
export function fixOf(
  diagnosis: WsAuthDiagnosis,
  transport: WsAuthTransport = 'ws',
): RefusalFix | undefined {
  const { check, origin, rejected } = diagnosis;
  const earlier = rejected && fixOf(rejected, transport);
  if (earlier) {
    const { of, text } = earlier;
    return { of: `rejected ${of}`, text: `${text}; or ${messages[transport]}` };
  }
  if (check === 'origin' && origin) {
    return originFix(origin);
  }
  return (
    unreadFix(diagnosis, transport) ??
    messageFix(diagnosis, transport) ??
    (check === undefined ? answerFix(diagnosis) : { of: check, text: fixes[check]! })
  );
}

/** Where the token may stand in a place that no extractor of the gateway reads. */
function unreadFix(
  { check, extractor, unread = [] }: WsAuthDiagnosis,
  transport: WsAuthTransport,
): RefusalFix | undefined {
  const place = unread.find((each) => !each.startsWith('cookie:') || cookieOfToken.test(each));
  if (place === undefined) {
    return undefined;
  }
  const { kind, extractor: missing } = reading(place);
  const isClosed = check === 'no-credential' && !readsMessages(extractor);
  const otherwise = isClosed
    ? 'send the token where the named extractors look'
    : messages[transport];
  return {
    of: `unread ${kind}`,
    text: `if ${place} is the token, list ${missing} in credentials; otherwise ${otherwise}`,
  };
}

/** What the first message is, or lacks. */
function messageFix(
  { check, extractor, fields, strategies }: WsAuthDiagnosis,
  transport: WsAuthTransport,
): RefusalFix | undefined {
  if (check === 'no-credential' && !readsMessages(extractor)) {
    return undefined;
  }
  if (check !== undefined && transport !== 'ws' && ofFirstMessages.has(check)) {
    return { of: `${check} of ${transport}`, text: messages[transport] };
  }
  if (check === 'path' && transport === 'socket.io') {
    return {
      of: 'path of socket.io',
      text: "no gateway has the namespace: connect to one of those that the log names at boot, such as io('https://host/chat'), or set namespace in @WebSocketGateway()",
    };
  }
  if (check === 'no-credential' && extractor !== undefined) {
    return {
      of: 'nothing in a message',
      text: `the message has no token, which JSON leaves out where it is undefined: ${firstMessage}`,
    };
  }
  return check === undefined && fields && strategies?.at(-1)?.answer === 'no-token-found'
    ? fieldFix(fields, transport)
    : undefined;
}

/** A strategy that reads the body of a request may read another field than the client has sent. */
function fieldFix(fields: readonly string[], transport: WsAuthTransport): RefusalFix {
  return fields.includes('token')
    ? {
        of: 'another field of a message',
        text: 'the strategy reads another field than token, or another place: let it read the Authorization header, where the token is presented, or send the field that it reads',
      }
    : {
        of: 'no token in a message',
        text: `the strategy found no token in the fields of the message: ${messages[transport]}`,
      };
}

/** By what the last strategy answered: the check that refused its user, the fault, or the name of the error. */
function answerFix({ strategies = [] }: WsAuthDiagnosis): RefusalFix | undefined {
  const { check, fault, answer } = strategies.at(-1) ?? {};
  const named = answer !== undefined && /^[A-Z]\w*(Exception|Error)$/.exec(answer)?.[1];
  const names = [check, fault, answer, named || undefined];
  const name = names.find((each) => each !== undefined && Object.hasOwn(fixes, each));
  return name === undefined ? undefined : { of: name, text: fixes[name]! };
}

/** Whether a first message is read; so it is where no extractor is named, because the client is waited for. */
function readsMessages(extractor: string | undefined): boolean {
  return extractor === undefined || extractor === 'fromFirstMessage';
}

/** The extractor that reads a place, by the name that the diagnosis has for the place. */
function reading(place: string): Reading {
  if (place.startsWith('?')) {
    return { kind: '?', extractor: `fromQueryParam('${place.slice(1)}')` };
  }
  if (place.startsWith('cookie:')) {
    return { kind: 'cookie', extractor: `fromCookie('${place.slice('cookie:'.length)}')` };
  }
  return (
    places.get(place) ?? { kind: 'header', extractor: `fromRequest({ headers: ['${place}'] })` }
  );
}
