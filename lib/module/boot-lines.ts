import type { WsCredentialExtractor } from '../credentials/extractor.js';
import type { Policy } from '../policy/policy.js';

/** A gateway, and what its server demands: `undefined` for one that is public. */
export interface ServedGateway {
  /** 0 for the application's own server. */
  readonly port: number;
  readonly path: string | undefined;
  /** `/` for the root namespace. */
  readonly namespace?: string;
  readonly policy: Policy | undefined;
}

const places: Readonly<Record<string, string>> = {
  fromAuthorizationHeader: 'header',
  fromCookie: 'cookie',
  fromFirstMessage: 'first message',
  fromQueryParam: 'query',
  fromRequest: 'request',
  fromSubprotocol: 'subprotocol',
  fromUserInfo: 'user information',
};

/** What protects each gateway, one line for each port and path: `/chat: jwt, by header or first message`. */
export function bootLines(gateways: readonly ServedGateway[]): readonly string[] {
  return [...new Set(gateways.map(bootLine))];
}

function bootLine(gateway: ServedGateway): string {
  const { policy } = gateway;
  return `${placeOf(gateway)}: ${policy ? demandText(policy) : 'open (@WsPublic)'}`;
}

/** Port, path and namespace of a gateway: `/chat`, or `:8080/chat` on a port of its own. */
export function placeOf({ port, path = '/', namespace = '/' }: ServedGateway): string {
  const place = namespace === '/' ? path : `${path === '/' ? '' : `${path} `}${namespace}`;
  return port === 0 ? place : `:${port}${place}`;
}

function demandText({ handshakeExtractors, firstMessage, strategy, optional }: Policy): string {
  const extractors = [...handshakeExtractors, ...(firstMessage ? [firstMessage] : [])];
  const byStrategies = new Map<string, string[]>();
  for (const extractor of extractors) {
    const names = (extractor.strategy ?? strategy).join(' or ');
    byStrategies.set(names, [...(byStrategies.get(names) ?? []), nameOfPlace(extractor)]);
  }
  const ways = Array.from(byStrategies, ([names, by]) => `${names}, by ${listed(by)}`).join('; ');
  return optional ? `${ways}; or anonymous` : ways;
}

function nameOfPlace({ name }: WsCredentialExtractor): string {
  return places[name] ?? name;
}

/** `a, b or c`. */
function listed(words: readonly string[]): string {
  const last = words.at(-1)!;
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}
