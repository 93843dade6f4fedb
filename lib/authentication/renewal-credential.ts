import { Credential } from '../credentials/credential.js';
import { presentsToken, type HandshakeExtractor } from '../credentials/extractor.js';
import {
  fromFirstMessage,
  type FirstMessageExtractor,
} from '../credentials/first-message.extractor.js';
import type { Policy } from '../policy/policy.js';
import { Refusal, refusedBy } from '../protocol/refusal.js';
import { safeFieldNames } from '../protocol/safe-name.js';
import type { Authenticated } from './authenticated.js';

const asMessage = fromFirstMessage();
const none: readonly string[] = Object.freeze([]);

/**
 * The strategies that may renew a session: those that judge a message at the door of the gateway or, where it reads none, those of
 * the extractor by which the client came in.
 *
 * Empty if no message can renew it: a gateway that reads HTTP Basic alone accepts no token. An anonymous session is never renewed, but
 * what it presents is judged as a token at the door, so that a bad one is refused as such.
 */
export function renewalStrategies(policy: Policy, entered: Authenticated): readonly string[] {
  const { firstMessage, handshakeExtractors } = policy;
  if (firstMessage) {
    return firstMessage.strategy ?? policy.strategy;
  }
  const { session, judges } = entered;
  const isTheirs = (each: HandshakeExtractor) =>
    session.anonymous || (each.name === session.extractor && each.strategy === judges);
  const way = handshakeExtractors.find((each) => isTheirs(each) && presentsToken(each));
  const inHeader = session.anonymous || way?.place === 'request';
  const door = inHeader ? (readerOfTokens(policy) ?? way) : way;
  return door ? (door.strategy ?? policy.strategy) : none;
}

/** The extractor that takes a token out of the header before `fromRequest()` comes to it. */
function readerOfTokens({ handshakeExtractors }: Policy): HandshakeExtractor | undefined {
  return handshakeExtractors.find(
    ({ place, challengeSchemes }) =>
      place === 'authorization' && challengeSchemes.includes('Bearer'),
  );
}

/**
 * Reads the credential of a message that is to renew a session, in the form in which the gateway accepts it at its door: as fields
 * where it reads such a message first, and as a Bearer token everywhere else, where no strategy ever sees a body.
 */
export function renewalCredential(
  text: string,
  policy: Policy,
  strategies: readonly string[],
): Credential | Refusal {
  const { events, limits } = policy;
  return inFormOf(policy, strategies, (reader) => reader.read(text, events.authenticate, limits));
}

/** The same for a payload that the transport has parsed. */
export function renewalCredentialOf(
  data: unknown,
  policy: Policy,
  strategies: readonly string[],
): Credential | Refusal {
  return inFormOf(policy, strategies, (reader) => reader.readData(data, policy.limits));
}

function inFormOf(
  { firstMessage }: Policy,
  strategies: readonly string[],
  read: (reader: FirstMessageExtractor) => Credential | Refusal,
): Credential | Refusal {
  if (firstMessage?.format === 'event') {
    return read(firstMessage);
  }
  const found = read(asMessage);
  return found instanceof Refusal ? found : asToken(found, strategies);
}

function asToken(
  { content, extractor }: Credential,
  strategies: readonly string[],
): Credential | Refusal {
  if (content.scheme !== 'fields' || content.token === undefined) {
    const fields = content.scheme === 'fields' ? safeFieldNames(content.body) : [];
    return refusedBy('no-credential', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED', { extractor, fields });
  }
  const { token } = content;
  return strategies.length === 0
    ? refusedBy('no-renewal', 'ERR_WS_AUTH_CREDENTIAL_REJECTED', { extractor })
    : new Credential(
        { scheme: 'Bearer', token },
        { extractor, ambient: false, strategy: strategies },
      );
}
