import ipaddr from 'ipaddr.js';

/**
 * The key under which an address is counted: IPv4 as it is, also when it is written as IPv6, and IPv6 by its /64, since
 * one subscriber owns all of that.
 */
export function addressKey(address: string): string {
  if (!address.includes(':')) {
    return address;
  }
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address);
  if (withPort) {
    return withPort[1]!;
  }
  if (!ipaddr.IPv6.isValid(address)) {
    return 'unknown';
  }
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress()
    ? parsed.toIPv4Address().toString()
    : `${parsed.parts.slice(0, 4).map(toHex).join(':')}::/64`;
}

function toHex(part: number): string {
  return part.toString(16);
}
