import { hash } from 'node:crypto';
import { isOriginAllowed } from '../../authentication/origin-check.js';
import { Credential } from '../../credentials/credential.js';
import type { HandshakeExtractor } from '../../credentials/extractor.js';
import { clientKey } from '../../policy/client-key.js';
import type { Policy } from '../../policy/policy.js';
import { ownOrigin } from '../../policy/proxy-trust.js';
import { parseLaterRequest, type Handshake } from '../../protocol/handshake.js';
import { normalizeOrigin } from '../../protocol/origin.js';
import { Refusal, refusedBy } from '../../protocol/refusal.js';
import type { UpgradeSubject } from '../../authentication/authenticator.js';
import type { EngineRequest } from './internals/engine.js';

const otherOrigin = refusedBy('sid-origin', 'ERR_WS_AUTH_ORIGIN_REFUSED');
const otherCookie = refusedBy('sid-cookie', 'ERR_WS_AUTH_CREDENTIAL_REQUIRED');
/** Origins that the predicate of the application is asked about simultaneously. A connection has one page. */
const maxAsked = 4;

const otherAddress = refusedBy('sid-address', 'ERR_WS_AUTH_NOT_PERMITTED');

/**
 * Holds the later requests of a connection to what its first one was: each poll, and the upgrade to a WebSocket. The sid in their URL
 * is a bearer credential, and Socket.IO asks for nothing else.
 */
export class SidGate {
  readonly #address: string;
  readonly #cookie: { readonly extractor: HandshakeExtractor; readonly digest: string } | undefined;
  readonly #needsCookies: boolean;
  /** The page that uses the connection; unknown as long as no request had an `Origin`. */
  #origin: string | undefined;
  /** What the predicate of the application has yet to answer: a client may send any number of requests meanwhile. */
  #asked: Map<string, Promise<boolean>> | undefined;

  constructor(
    { handshake, client }: UpgradeSubject,
    private readonly policy: Policy,
    /** Name of the extractor that found the credential in the handshake. */
    extractor: string | undefined,
  ) {
    this.#address = client.address;
    this.#origin = handshake.origin === undefined ? undefined : originOf(handshake);
    const found = policy.handshakeExtractors.filter(({ name }) => name === extractor);
    this.#cookie = found
      .filter(({ place }) => place === 'cookie')
      .map((each) => ({ extractor: each, digest: digestIn(each, handshake, policy) }))
      .find(({ digest }) => digest !== '');
    this.#needsCookies =
      found.some(({ place }) => place === 'request') &&
      handshake.cookie !== undefined &&
      handshake.authorization === undefined;
  }

  /**
   * Why a request is refused. The connection goes on: an honest client must not suffer from the requests of another one.
   *
   * @returns a promise where the application is asked about an origin
   */
  check(request: EngineRequest): Refusal | undefined | Promise<Refusal | undefined> {
    const handshake = parseLaterRequest(request);
    if (handshake instanceof Refusal) {
      return handshake;
    }
    if (this.policy.bindSidToAddress && clientKey(request, this.policy.trust) !== this.#address) {
      return otherAddress;
    }
    if (!this.#hasCookie(handshake)) {
      return otherCookie;
    }
    return this.#checkOrigin(handshake, request);
  }

  #hasCookie(handshake: Handshake): boolean {
    if (this.#needsCookies && handshake.cookie === undefined) {
      return false;
    }
    return (
      !this.#cookie ||
      digestIn(this.#cookie.extractor, handshake, this.policy) === this.#cookie.digest
    );
  }

  #checkOrigin(
    handshake: Handshake,
    request: EngineRequest,
  ): Refusal | undefined | Promise<Refusal | undefined> {
    const site = request.headers['sec-fetch-site'];
    if (handshake.origin === undefined) {
      // Browsers name the site of every request that they send without an Origin.
      return site === undefined || site === 'same-origin' ? undefined : otherOrigin;
    }
    const origin = originOf(handshake);
    if (this.#origin !== undefined) {
      return origin === this.#origin ? undefined : otherOrigin;
    }
    if (site !== 'same-origin' && !this.#isOwn(origin, handshake, request)) {
      return otherOrigin;
    }
    if (this.#asked && !this.#asked.has(origin) && this.#asked.size >= maxAsked) {
      return otherOrigin;
    }
    return this.#adopt(origin, handshake, request);
  }

  /** The first origin that is allowed is that of the page. */
  async #adopt(
    origin: string,
    handshake: Handshake,
    request: EngineRequest,
  ): Promise<Refusal | undefined> {
    const pending = (this.#asked ??= new Map());
    const asked =
      pending.get(origin) ?? isOriginAllowed({ handshake, request }, undefined, this.policy);
    pending.set(origin, asked);
    const isAllowed = await asked;
    pending.delete(origin);
    if (isAllowed) {
      this.#origin = origin;
    }
    return isAllowed ? undefined : otherOrigin;
  }

  /** The first poll of a page to its own server has no `Origin`: later ones have that of the server, as far as it is known. */
  #isOwn(origin: string, { host }: Handshake, request: EngineRequest): boolean {
    return origin === ownOrigin(request, host, this.policy.trust) || hostOf(origin) === host;
  }
}

function originOf({ origin = '' }: Handshake): string {
  return normalizeOrigin(origin) ?? origin;
}

function hostOf(origin: string): string {
  return origin.replace(/^[a-z]+:\/\//, '');
}

/** Of what the extractor finds, so that no credential is kept. */
function digestIn(extractor: HandshakeExtractor, handshake: Handshake, { limits }: Policy): string {
  const found = extractor.find(handshake, limits);
  return found instanceof Credential && found.content.scheme === 'Bearer'
    ? hash('sha256', found.content.token, 'base64url')
    : '';
}
