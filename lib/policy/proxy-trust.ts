import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import proxyAddr from 'proxy-addr';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { comesTooLate } from '../passport/thenable.js';
import { normalizeOrigin } from '../protocol/origin.js';
import { checkInteger } from './check-option.js';
import type { WsAuthModuleOptions } from './options.js';

/**
 * Answers whether the hop at that address is a trusted proxy. Hop 0 is the peer of the socket.
 *
 * `undefined` is the address of a peer that has none: one that has left, or one behind a Unix socket.
 */
export type ProxyTrust = (address: string | undefined, hop: number) => boolean;

/**
 * Compiles the option `trustProxy`, with the meaning that `trust proxy` has in Express.
 *
 * @throws {WsAuthConfigurationError} for an address or subnet that does not parse.
 */
export function proxyTrust(option: NonNullable<WsAuthModuleOptions['trustProxy']>): ProxyTrust {
  if (typeof option === 'function') {
    return predicateTrust(option);
  }
  if (typeof option === 'boolean') {
    return () => option;
  }
  if (typeof option === 'number') {
    const hops = checkInteger('trustProxy', option, { min: 0 });
    return (_address, hop) => hop < hops;
  }
  return listTrust([option].flat());
}

/** What a predicate returns counts as in Express. One that throws, or answers by a promise, trusts nothing. */
function predicateTrust(predicate: (address: string, hop: number) => boolean): ProxyTrust {
  return (address, hop) => {
    try {
      // Express passes `undefined` for a peer without an address, too.
      const isUnixPeer = hop === 0 && address === unixPeer;
      const answer: unknown = predicate((isUnixPeer ? undefined : address)!, hop);
      return !comesTooLate(answer) && Boolean(answer);
    } catch {
      return false;
    }
  };
}

function listTrust(list: readonly string[]): ProxyTrust {
  try {
    const entries = list.flatMap((entry) => entry.split(',')).map((entry) => entry.trim());
    if (entries.some((entry) => /^\d+$/.test(entry))) {
      throw new TypeError('a number of hops is not a string');
    }
    const trusts = proxyAddr.compile(entries);
    const trustsLoopback = loopback.some((address) => trusts(address, 0));
    return (address, hop) =>
      hop === 0 && address === unixPeer ? trustsLoopback : trusts(address ?? '', hop);
  } catch (cause) {
    throw new WsAuthConfigurationError(
      `trustProxy: expected addresses, subnets or 'loopback', 'linklocal', 'uniquelocal'${asText(list)}`,
      { cause },
    );
  }
}

/** A variable of the environment is a text, and Express takes numbers and booleans. */
function asText(list: readonly string[]): string {
  const text = list.find(
    (entry) => typeof entry === 'string' && /^(?:true|false|\d+)$/.test(entry),
  );
  return text === undefined
    ? ''
    : `; the text '${text}' is none of them: pass ${text} without quotes`;
}

const loopback = ['127.0.0.1', '::1'];

/**
 * Stands for the peer of a Unix socket, which has no address and is a process of this machine: a list that trusts the
 * loopback addresses trusts it as well. Express trusts it by `true`, a number or a predicate only.
 */
const unixPeer = 'unix:';

function peerAddress({ socket }: IncomingMessage): string | undefined {
  return socket.remoteAddress ?? (isUnixSocket(socket) ? unixPeer : undefined);
}

/**
 * Whether a socket came in by a Unix socket. A TCP socket that the client has reset has no address either, and trusting
 * that one would let the client choose the address that its failures are counted against.
 */
export function isUnixSocket(socket: object): boolean {
  const { server } = socket as { readonly server?: Server | null };
  return server ? listensOnUnixSocket(server) : false;
}

/** `address()` is a path then, or `null` if the server was given a file descriptor. */
export function listensOnUnixSocket(server: Server): boolean {
  return server.listening && typeof (server.address() ?? '') === 'string';
}

/** Whether the addresses that a proxy behind a Unix socket forwards are believed. */
export function trustsUnixSocket(trust: ProxyTrust): boolean {
  return trust(unixPeer, 0);
}

/** Whether the peer of the socket is a trusted proxy. */
export function isBehindProxy(request: IncomingMessage, trust: ProxyTrust): boolean {
  return trust(peerAddress(request), 0);
}

/** Address of the client, as far as trusted proxies vouch for it; otherwise `undefined`. */
export function clientAddress(request: IncomingMessage, trust: ProxyTrust): string | undefined {
  const { remoteAddress } = request.socket;
  return isForwarded(request) ? proxyAddr(request, trustOfPeer(request, trust)) : remoteAddress;
}

/**
 * Addresses from the client to the proxy before the peer of the socket, as far as trusted proxies vouch for them. Empty
 * without a trusted proxy, as `req.ips` of Express is.
 */
export function forwardedAddresses(request: IncomingMessage, trust: ProxyTrust): string[] {
  return proxyAddr.all(request, trustOfPeer(request, trust)).slice(1).toReversed();
}

function trustOfPeer(request: IncomingMessage, trust: ProxyTrust): ProxyTrust {
  return (address, hop) => trust(hop === 0 ? peerAddress(request) : address, hop);
}

/** Whether the address of the client may be another than that of the socket. */
export function isForwarded({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-for'] !== undefined;
}

/**
 * The server's own origin as the client sees it: from the validated `Host`, or from the headers of a trusted proxy; never
 * from the request target.
 */
export function ownOrigin(
  request: IncomingMessage,
  host: string,
  trust: ProxyTrust,
): string | undefined {
  const behindProxy = isBehindProxy(request, trust);
  const forwarded = (name: string) => (behindProxy ? firstValue(request.headers[name]) : undefined);
  const encrypted = (request.socket as Partial<TLSSocket>).encrypted === true;
  const scheme = forwarded('x-forwarded-proto') ?? (encrypted ? 'https' : 'http');
  return normalizeOrigin(
    `${scheme.replace(/^ws/, 'http')}://${forwarded('x-forwarded-host') ?? host}`,
  );
}

function firstValue(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header).split(',', 1)[0]?.trim();
}
