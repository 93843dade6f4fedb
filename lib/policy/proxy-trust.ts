import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import proxyAddr from 'proxy-addr';
import { WsAuthConfigurationError } from '../errors/ws-auth.error.js';
import { normalizeOrigin } from '../protocol/origin.js';
import { checkInteger } from './check-option.js';
import type { WsAuthModuleOptions } from './options.js';

/** Answers whether the hop at that address is a proxy of ours. */
export type ProxyTrust = (address: string, hop: number) => boolean;

/** @throws {WsAuthConfigurationError} for an address or subnet that does not parse. */
export function proxyTrust(option: NonNullable<WsAuthModuleOptions['trustProxy']>): ProxyTrust {
  if (typeof option === 'function') {
    return (address, hop) => {
      try {
        const answer: unknown = option(address, hop);
        return answer === true;
      } catch {
        return false;
      }
    };
  }
  if (typeof option === 'boolean') {
    return () => option;
  }
  if (typeof option === 'number') {
    const hops = checkInteger('trustProxy', option, { min: 0 });
    return (_address, hop) => hop < hops;
  }
  try {
    const entries = [option].flat();
    if (entries.some((entry) => /^\d+$/.test(entry))) {
      throw new TypeError('a number of hops is no string');
    }
    return proxyAddr.compile(entries);
  } catch (cause) {
    throw new WsAuthConfigurationError(
      "trustProxy: expected addresses, subnets or 'loopback', 'linklocal', 'uniquelocal'",
      { cause },
    );
  }
}

/** Address of the client, as far as proxies of ours vouch for it. */
export function clientAddress(request: IncomingMessage, trust: ProxyTrust): string {
  const { remoteAddress } = request.socket;
  if (remoteAddress === undefined) {
    return '';
  }
  return isForwarded(request) ? proxyAddr(request, trust) : remoteAddress;
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
  const behindProxy = trust(request.socket.remoteAddress ?? '', 0);
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
