import type { HandshakePlace, WsCredentialExtractor } from '../credentials/extractor.js';
import { FirstMessageExtractor } from '../credentials/first-message.extractor.js';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { logText } from '../protocol/log-text.js';
import { isRecord } from '../protocol/message.js';

const places: ReadonlySet<unknown> = new Set<HandshakePlace>([
  'authorization',
  'query',
  'cookie',
  'subprotocol',
  'request',
]);

/** What each field of an extractor has to be, so that a mistake in one of an application opens nothing. */
const fields: readonly (readonly [string, string, (extractor: Fields) => boolean])[] = [
  ['name', 'a name', ({ name }) => typeof name === 'string' && name !== ''],
  ['place', `one of ${[...places].join(', ')}`, ({ place }) => places.has(place)],
  ['ambient', 'true or false', ({ ambient }) => typeof ambient === 'boolean'],
  [
    'ambient',
    'true where it reads cookies or the whole request, since any page can use what a browser attaches',
    ({ place, ambient }) => ambient === true || (place !== 'cookie' && place !== 'request'),
  ],
  ['challengeSchemes', 'a list', ({ challengeSchemes }) => Array.isArray(challengeSchemes)],
  ['redacts', 'an object with the places that it reads', ({ redacts }) => isRecord(redacts)],
  [
    'strategy',
    'names in a list, or undefined',
    ({ strategy }) => strategy === undefined || Array.isArray(strategy),
  ],
  [
    'find',
    'a function that returns its result and no promise',
    ({ find }) => typeof find === 'function' && find.constructor.name === 'Function',
  ],
];

type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an extractor, as far as its fields show. */
export function isExtractor(value: unknown): value is WsCredentialExtractor {
  const { phase } = Object(value) as Fields;
  return phase === 'handshake' || value instanceof FirstMessageExtractor;
}

/** Whether a value is a `fromFirstMessage()` that another copy of the package has made. */
export function isOfAnotherCopy(value: unknown): boolean {
  const { phase, name } = Object(value) as Fields;
  return !isExtractor(value) && phase === 'message' && name === 'fromFirstMessage';
}

/** @throws {WsAuthConfigurationError} that names the field of an extractor that is missing or invalid */
export function demandWholeExtractor(option: string, extractor: WsCredentialExtractor): void {
  const given = extractor as unknown as Fields;
  const wrong =
    extractor.phase === 'handshake' ? fields.find(([, , isRight]) => !isRight(given)) : undefined;
  if (wrong) {
    const [field, expected] = wrong;
    throw new WsAuthConfigurationError(
      `${option}: ${field} of the extractor ${logText(String(given['name']))}: expected ${expected}`,
    );
  }
}
