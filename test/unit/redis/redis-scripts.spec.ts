import { describe, expect, it } from 'vitest';
import * as scripts from '../../../lib/redis/redis-scripts.js';

/** Commands that have no key. */
const keyless = new Set(['TIME']);

/** What a script passes as the key of each of its commands, such as `KEYS[1]`. */
function keysIn(script: string): readonly string[] {
  const calls = script.matchAll(
    /redis\.p?call\(\s*'(\w+)'(?:\s*,\s*((?:[^,()[\]]|\[[^\]]*\])+))?/g,
  );
  return Array.from(calls)
    .filter(([, command]) => !keyless.has(command!))
    .map(([, , key = '']) => key.trim());
}

/** Whether a key is an element of `KEYS`, by its index or in a loop over all of them. */
function isDeclared(key: string, script: string): boolean {
  const isElement = /^KEYS\[[^\]]+\]$/.test(key);
  const isItem = key === 'key' && script.includes('key in ipairs(KEYS) do');
  return isElement || isItem;
}

describe.each(Object.entries(scripts))('%s', (_name, script) => {
  it('passes every command a key that was declared, so that it runs where undeclared keys are refused', () => {
    const keys = keysIn(script);
    // Each command is looked at, whatever its way of writing: one that is built from a variable would be missed.
    expect(script.match(/redis\.p?call/g)?.length).toBe(
      keys.length + (script.match(/redis\.call\('TIME'\)/g)?.length ?? 0),
    );
    expect(keys.filter((key) => !isDeclared(key, script))).toEqual([]);
  });

  it('builds no key, and gives none another name', () => {
    expect(script).not.toMatch(/KEYS\[[^\]]+\]\s*\.\.|\.\.\s*KEYS\[/);
    expect(script).not.toMatch(/=\s*KEYS\[/);
  });
});

it.each([
  ["redis.call('GET', ARGV[1])", 'an argument'],
  ["local set = KEYS[1]\nredis.call('GET', set)", 'a variable'],
  ["redis.call('GET', 'fixed')", 'a text'],
  ["redis.call('DEL', key)", 'an item of something else'],
  ["redis.call('GET', KEYS[1] .. 'x')", 'a key with something behind it'],
])('%s is found: %s', (script) => {
  expect(keysIn(script).every((key) => isDeclared(key, script))).toBe(false);
});
