import { randomUUID } from 'node:crypto';
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * The key under which an address is counted, or `undefined` for a text that is not a valid address.
 *
 * IPv4 is its own key, also when it is written as IPv6. IPv6 is counted by its /64, since one subscriber owns all of it.
 * Ports, brackets and zones are left out: they name no other client.
 */
export function addressKey(text: string): string | undefined {
  if (isIPv4(text)) {
    return text;
  }
  const address = bareAddress(text);
  if (isIPv4(address)) {
    return address;
  }
  return ipaddr.IPv6.isValid(address) ? ofIPv6(ipaddr.IPv6.parse(address)) : undefined;
}

/** Start of the keys that equal no other. No address is written like this. */
const unreadable = 'unknown:';

/**
 * A key that equals no other, for a client without a readable address: it shares no limit with any other client. It is
 * random, so that it differs from the keys of other nodes too.
 */
export function keyOfNoAddress(): string {
  return unreadable + randomUUID();
}

/**
 * The key of clients that left before their address was read. They share one: a client that has left cannot be locked out,
 * and with keys of their own such connections would escape the limits per address.
 */
export const keyOfClosedSocket = 'closed';

/** Whether another connection can have the same key, so that it is worth counting. */
export function isCountable(key: string): boolean {
  return !key.startsWith(unreadable);
}

/** Takes off what may stand around an address: `[2001:db8::1]:443`, `192.0.2.1:443`, `fe80::1%eth0`. */
function bareAddress(text: string): string {
  const [, bracketed, dotted] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\w+)?$/.exec(text) ?? [];
  return (bracketed ?? dotted ?? text).replace(/%[^%\s]+$/, '');
}

/** Ranges where one /64 holds every IPv4 client: mapped (RFC 4291 §2.5.5.2), and translated (RFC 6052, RFC 7915). */
const rangesOfIPv4: ReadonlySet<string> = new Set(['ipv4Mapped', 'rfc6052', 'rfc6145']);

function ofIPv6(address: ipaddr.IPv6): string {
  const { parts } = address;
  if (rangesOfIPv4.has(address.range())) {
    return parts
      .slice(6)
      .flatMap((part) => [part >> 8, part & 0xff])
      .join('.');
  }
  return `${parts.slice(0, 4).map(toHex).join(':')}::/64`;
}

function toHex(part: number): string {
  return part.toString(16);
}
