import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type {
  EngineConnection,
  EngineTransport,
} from '../../../../lib/adapters/socket-io/internals/engine.js';
import {
  boundPayloads,
  hasKnownBound,
} from '../../../../lib/adapters/socket-io/internals/payload-limits.js';

/** What all connections of a server may share. */
const common = { maxHttpBufferSize: 1_000_000, httpCompression: false };

/** Polling, as the versions of engine.io make it. */
const pollings: readonly [string, object, (transport: EngineTransport) => unknown][] = [
  ['before 6.6.13', { maxHttpBufferSize: 1_000_000 }, (transport) => transport.maxHttpBufferSize],
  ['since 6.6.13', { opts: common }, ({ opts }) => opts?.maxHttpBufferSize],
];

function transportOf(name: string, members: object): EngineTransport {
  const transport = Object.assign(new EventEmitter(), { name, close: () => undefined }, members);
  return transport as unknown as EngineTransport;
}

describe.each(pollings)('polling of engine.io %s', (_version, members, boundOf) => {
  it('has one bound before a session, and another one after it', () => {
    const transport = transportOf('polling', members);
    const conn = { transport, _maybeUpgrade: () => undefined } as unknown as EngineConnection;
    expect(hasKnownBound(transport)).toBe(true);
    const bound = boundPayloads(conn, 8_192);
    expect(boundOf(transport)).toBe(8_192);
    bound(1_000_000);
    expect(boundOf(transport)).toBe(1_000_000);
    expect(common.maxHttpBufferSize).toBe(1_000_000);
  });
});

it.each([
  ['polling without a bound', 'polling', { opts: { httpCompression: false } }],
  ['a WebSocket, whose options name the bound of polling', 'websocket', { opts: common }],
])('%s has no bound that is known', (_what, name, members) => {
  expect(hasKnownBound(transportOf(name, members))).toBe(false);
});
