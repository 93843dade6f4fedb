import { describe, expect, it } from 'vitest';
import {
  addressKey,
  isCountable,
  keyOfClosedSocket,
  keyOfNoAddress,
} from '../../../lib/policy/address-key.js';

describe('addressKey', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1.2.3.4:5678', '1.2.3.4'],
  ])('RL-02: counts %j under %j', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  const written: readonly [address: string, key: string][] = [
    ['2001:db8:1::1', '2001:db8:1:0::/64'],
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '192.0.2.1'],
    ['64:ff9b::c000:2ff', '192.0.2.255'],
    ['::ffff:0:192.0.2.1', '192.0.2.1'],
    ['fe80::1', 'fe80:0:0:0::/64'],
  ];
  const decorations: readonly ((address: string) => string)[] = [
    (address) => `[${address}]`,
    (address) => `[${address}]:1`,
    (address) => `[${address}]:51234`,
    (address) => `[${address}]:_obfuscated`,
    (address) => (address.includes(':') ? `${address}%eth0` : `${address}:443`),
    (address) => (address.includes(':') ? `[${address}%25en-0.1]:443` : `${address}:_port`),
  ];

  it.each(
    written.flatMap(([address, key]) =>
      decorations.map((decorate): [string, string] => [decorate(address), key]),
    ),
  )('K4c: counts %s under %s, whatever stands around the address', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it.each([
    '',
    ' ',
    'unknown',
    '_hidden',
    'unix:',
    'unix:/run/app.sock',
    'for="[2001:db8::1]"',
    'a:b',
    ':',
    '[]',
    '[]:80',
    '[::1',
    '::1]',
    '[::1]:',
    '[::1]x',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '0x7f.1',
    '2130706433',
    '1.2.3.4:',
    '1.2.3.4:80:80',
    '1.2.3.4,5.6.7.8',
    '::1%',
    '1:2:3:4:5:6:7:8:9',
    'localhost',
    '[localhost]:80',
    'NaN',
  ])('K4c: reads no address in %j', (text) => {
    expect(addressKey(text)).toBeUndefined();
  });

  it('K4c: reads what a hostile client writes in linear time', () => {
    const parts = ['a', 'a:', ':', '[', '%', '1.', '%a', ']:'];
    for (const part of parts) {
      expect(addressKey(part.repeat(16_000))).toBeUndefined();
    }
  });
});

describe('the key of a client without an address', () => {
  it('K4c: equals no other, and is not worth counting', () => {
    const keys = Array.from({ length: 100 }, keyOfNoAddress);
    expect(new Set(keys).size).toBe(100);
    expect(keys.filter(isCountable)).toEqual([]);
    expect(keys.filter((key) => addressKey(key) !== undefined)).toEqual([]);
  });

  it('K4c: is counted if the client has left', () => {
    expect(isCountable(keyOfClosedSocket)).toBe(true);
    expect(addressKey(keyOfClosedSocket)).toBeUndefined();
  });
});
