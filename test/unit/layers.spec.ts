import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { resolvePolicy } from '../../lib/policy/policy.js';

const lib = fileURLToPath(new URL('../../lib', import.meta.url));

/** From the bottom up. A folder imports from its own layer and from those below. CONTRIBUTING.md draws the same. */
const layers = [
  ['errors', 'protocol'],
  ['credentials', 'passport', 'policy', 'store'],
  [
    'authentication',
    'client',
    'cluster',
    'cookie-bridge',
    'events',
    'redis',
    'sessions',
    'telemetry',
    'tickets',
  ],
  ['adapters'],
  ['adapters/upgrades'],
  ['adapters/graphql-ws', 'adapters/socket-io', 'adapters/ws'],
  ['decorators', 'guards', 'module'],
  ['cli', 'schematics', 'testing'],
  ['.'],
];

/** The packages of a transport, and the only folder that may import them. */
const homes: Readonly<Record<string, string>> = {
  '@nestjs/platform-ws': 'adapters/ws',
  '@nestjs/platform-socket.io': 'adapters/socket-io',
  'socket.io': 'adapters/socket-io',
  'engine.io': 'adapters/socket-io',
  '@nestjs/graphql': 'adapters/graphql-ws',
  'graphql-ws': 'adapters/graphql-ws',
};

/** What decides knows neither the framework nor the transport. */
const pure = ['errors', 'protocol', 'credentials', 'passport', 'policy', 'store', 'authentication'];

interface Import {
  readonly from: string;
  readonly specifier: string;
}

function imports(): Import[] {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((from) =>
      [...readFileSync(join(lib, from), 'utf8').matchAll(/ from '([^']+)';/g)].map(
        ([, specifier]) => ({ from, specifier: specifier! }),
      ),
    );
}

function folderOf(file: string): string {
  const [first, ...others] = file.split('/');
  if (others.length === 0) {
    return '.';
  }
  return first === 'adapters' && others.length > 1 ? `adapters/${others[0]!}` : first!;
}

function layerOf(folder: string): number {
  return layers.findIndex((layer) => layer.includes(folder));
}

function homeOf(specifier: string): string | undefined {
  return Object.entries(homes).find(([name]) => `${specifier}/`.startsWith(`${name}/`))?.[1];
}

describe('the layers of lib', () => {
  it('know every folder', () => {
    expect(imports().filter(({ from }) => layerOf(folderOf(from)) === -1)).toEqual([]);
  });

  it('import downwards only', () => {
    const upwards = imports().filter(({ from, specifier }) => {
      if (!specifier.startsWith('.')) {
        return false;
      }
      const to = relative(lib, resolve(lib, dirname(from), specifier));
      return layerOf(folderOf(to)) > layerOf(folderOf(from));
    });
    expect(upwards).toEqual([]);
  });

  it('keep transports apart', () => {
    const transports = layers.find((layer) => layer.includes('adapters/ws'))!;
    const crossing = imports().filter(({ from, specifier }) => {
      const to = folderOf(relative(lib, resolve(lib, dirname(from), specifier)));
      return (
        specifier.startsWith('.') &&
        [folderOf(from), to].every((folder) => transports.includes(folder)) &&
        folderOf(from) !== to
      );
    });
    expect(crossing).toEqual([]);
  });

  it('import the packages of a transport in its own folder alone', () => {
    const strangers = imports().filter(({ from, specifier }) => {
      const home = homeOf(specifier);
      return home !== undefined && home !== folderOf(from);
    });
    expect(strangers).toEqual([]);
  });

  it('are those that CONTRIBUTING.md draws', () => {
    const contributing = readFileSync(join(lib, '../CONTRIBUTING.md'), 'utf8');
    const [, diagram = ''] = /```mermaid\n([^`]*)```/.exec(contributing)!;
    const drawn = [...diagram.matchAll(/\["([^"]+)"\]/g)].map(([, box]) => box!.split(' · '));
    const shown = layers.filter(([first]) => first !== '.').toReversed();
    expect(drawn).toEqual(shown);
  });

  it('keep Nest and ws out of what decides', () => {
    const impure = imports().filter(
      ({ from, specifier }) =>
        pure.includes(folderOf(from)) && /^(?:@nestjs\/|ws$|rxjs)/.test(specifier),
    );
    expect(impure).toEqual([]);
  });
});

it('K13b: holds no import.meta, which is a syntax error where Jest runs the package as CommonJS', () => {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const code = (file: string) =>
    readFileSync(join(lib, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  expect(files.filter((file) => code(file).includes('import.meta'))).toEqual([]);
});

describe('the client', () => {
  const reaches = (file: string, seen = new Set<string>()): Set<string> => {
    seen.add(file);
    const ofFile = imports().filter(({ from }) => from === file);
    for (const { specifier } of ofFile) {
      const to = specifier.startsWith('.')
        ? join(dirname(file), specifier).replace(/\.js$/, '.ts')
        : specifier;
      if (!seen.has(to)) {
        reaches(to, seen);
      }
    }
    return seen;
  };

  it('reaches its own files and two of the protocol: no package, and nothing of Node.js', () => {
    const others = [...reaches('client.ts')].filter((file) => !file.startsWith('client'));
    expect(others.toSorted()).toEqual(['protocol/close-code.ts', 'protocol/message.ts']);
    expect([...reaches('client.ts')]).not.toContain('client/io-session.ts');
  });

  it('of Socket.IO reaches no more, and no package', () => {
    const others = [...reaches('socket-io-client.ts')].filter((file) => !file.startsWith('client'));
    expect(others.toSorted()).toEqual([
      'protocol/close-code.ts',
      'protocol/message.ts',
      'socket-io-client.ts',
    ]);
  });

  it('has an entry for the official client of graphql-ws that reaches no more', () => {
    const entry = 'graphql-ws-client.ts';
    const others = [...reaches(entry)].filter((file) => !file.startsWith('client'));
    const reached = [entry, 'protocol/close-code.ts', 'protocol/message.ts'];
    expect(others.toSorted()).toEqual(reached);
  });

  it('is imported by no module of the server', () => {
    const users = imports().filter(
      ({ from, specifier }) =>
        !/^(?:(?:graphql-ws|socket-io)-)?client[./]/.test(from) && /\/client[./]/.test(specifier),
    );
    expect(users).toEqual([]);
  });
});

describe('the option property', () => {
  const members = Object.getOwnPropertyNames(WebSocket.prototype);

  it.each(members)('refuses to boot with %s, which a client has already', (property) => {
    expect(() => resolvePolicy({ strategy: 'jwt', property })).toThrow(/^property: /);
  });
});
