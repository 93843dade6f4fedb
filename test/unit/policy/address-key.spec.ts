import { describe, expect, it } from 'vitest';
import { addressKey } from '../../../lib/policy/address-key.js';

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
    ['', ''],
    ['a:b', 'unknown'],
    ['1.2.3.4:5678', '1.2.3.4'],
  ])('RL-02: counts %j under %j', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});
