import { createServer, type IncomingMessage, type Server } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { claimUpgrades } from '../../../lib/adapters/claim-upgrades.js';

/** A server, which listeners received its upgrades, and how to bring one about. */
function setUp() {
  const server: Server = createServer();
  const told: string[] = [];
  server.on('upgrade', ({ url }) => told.push(`listener ${url}`));
  const claim = (name: string, path: string) =>
    claimUpgrades(server, ({ url }) => {
      if (url !== path) {
        return false;
      }
      told.push(`${name} ${url}`);
      return true;
    }).release;
  const upgrade = (url: string) =>
    server.emit('upgrade', { url } as IncomingMessage, new PassThrough(), Buffer.alloc(0));
  return { server, told, claim, upgrade };
}

describe('claimUpgrades', () => {
  it('takes what is claimed, and lets listeners have the rest', () => {
    const { told, claim, upgrade } = setUp();
    claim('ours', '/a');
    expect([upgrade('/a'), upgrade('/b')]).toEqual([true, true]);
    expect(told).toEqual(['ours /a', 'listener /b']);
  });

  it('leaves other events alone', () => {
    const { server, claim } = setUp();
    claim('ours', '/a');
    expect(server.emit('dropRequest')).toBe(false);
    server.once('dropRequest', () => undefined);
    expect(server.emit('dropRequest')).toBe(true);
  });

  it('leaves the server as it was', () => {
    const { server, told, claim, upgrade } = setUp();
    claim('ours', '/a')();
    expect(Object.hasOwn(server, 'emit')).toBe(false);
    upgrade('/a');
    expect(told).toEqual(['listener /a']);
  });

  it.each([
    ['the newer first', [1, 0]],
    ['the older first', [0, 1]],
  ])('may be there twice, and released in any order: %s', (_name, order) => {
    const { told, claim, upgrade } = setUp();
    const releases = [claim('one', '/a'), claim('two', '/b')];
    upgrade('/a');
    upgrade('/b');
    releases[order[0]!]!();
    upgrade('/a');
    upgrade('/b');
    releases[order[1]!]!();
    upgrade('/a');
    upgrade('/b');
    const still = order[0] === 0 ? ['listener /a', 'two /b'] : ['one /a', 'listener /b'];
    expect(told).toEqual(['one /a', 'two /b', ...still, 'listener /a', 'listener /b']);
  });
});
