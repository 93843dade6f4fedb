import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Documents that are packed as soon as they exist. */
const documents = ['CHANGELOG.md', 'LICENSE', 'PROTOCOL.md', 'README.md', 'SECURITY.md'];

function sourcesOfLib(): string[] {
  return readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `lib/${name}`);
}

/** Guides stand beside the code they describe. */
function guidesOfLib(): string[] {
  return readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `lib/${name}`);
}

/** What the compiler makes of one source. */
function compiledFrom(source: string): string[] {
  const stem = `dist/${source.replace(/\.ts$/, '')}`;
  return ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((extension) => stem + extension);
}

describe('the tarball', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-ws-auth-contents-'));
    await promisify(execFile)('tar', ['-xzf', inject('tarball').path, '-C', folder]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const unpacked = (name: string) => join(folder, 'package', name);

  it('holds the sources, what was compiled from them, and the documents: nothing else', () => {
    const sources = sourcesOfLib();
    const expected = [
      'package.json',
      ...documents.filter((name) => existsSync(join(root, name))),
      ...guidesOfLib(),
      ...sources,
      ...sources.flatMap(compiledFrom),
    ];
    expect(inject('tarball').files.toSorted()).toEqual(expected.toSorted());
  });

  it('leads from every compiled file to its source, so that "go to definition" ends in TypeScript', () => {
    const maps = inject('tarball').files.filter((name) => name.endsWith('.map'));
    const missing = maps.flatMap((map) => {
      const { sources } = JSON.parse(readFileSync(unpacked(map), 'utf8')) as { sources: string[] };
      const paths = sources.map((source) => join(dirname(unpacked(map)), source));
      return paths.filter((path) => !existsSync(path)).map((path) => relative(folder, path));
    });
    expect(maps.length).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  });

  it('holds no path of the machine that built it', () => {
    const telling = inject('tarball').files.filter((name) =>
      readFileSync(unpacked(name), 'utf8').includes(root),
    );
    expect(telling).toEqual([]);
  });

  it('exports exactly these names', () => {
    const { exports } = JSON.parse(readFileSync(unpacked('package.json'), 'utf8')) as {
      exports: Record<string, string | { types: string }>;
    };
    const entries = Object.entries(exports).flatMap(([entry, target]) =>
      typeof target === 'string' ? [] : [[entry, exportedNames(unpacked(target.types))] as const],
    );
    expect(Object.fromEntries(entries)).toMatchInlineSnapshot(`
      {
        ".": {
          "types": [
            "AllowedOrigin",
            "AuthorizationHeaderOptions",
            "ChallengeScheme",
            "CloseCodeOptions",
            "CookieBridgeOptions",
            "CookieOptions",
            "DisconnectOptions",
            "FailedAttemptOptions",
            "FailureCount",
            "FailureLimit",
            "FailureLimiter",
            "FirstMessageOptions",
            "HandshakeExtractor",
            "HttpSessionStore",
            "IssuedTicket",
            "OriginPredicate",
            "RedactedPlaces",
            "RefusalCode",
            "RequestOptions",
            "RevocationKind",
            "RevocationPage",
            "RevocationQuestion",
            "RevocationTarget",
            "RevokeOptions",
            "SessionTarget",
            "StoredRevocation",
            "StoredTicket",
            "SubprotocolOptions",
            "TicketLimits",
            "TicketOptions",
            "WsAuthAdapterOptions",
            "WsAuthAttemptEvent",
            "WsAuthErrorOptions",
            "WsAuthEventListener",
            "WsAuthEventMap",
            "WsAuthEventNames",
            "WsAuthHealthResult",
            "WsAuthMiddleware",
            "WsAuthModuleOptions",
            "WsAuthPolicyOptions",
            "WsAuthSessionEvent",
            "WsAuthStore",
            "WsCredentialExtractor",
            "WsExtractorOptions",
            "WsTicketOptions",
            "WsUserDecorator",
          ],
          "values": [
            "CookieExtractor",
            "FirstMessageExtractor",
            "MemoryWsAuthStore",
            "UserInfoExtractor",
            "WsAuth",
            "WsAuthAdapter",
            "WsAuthCloseCode",
            "WsAuthConfigurationError",
            "WsAuthError",
            "WsAuthEvents",
            "WsAuthGuard",
            "WsAuthHealth",
            "WsAuthModule",
            "WsAuthNoSessionError",
            "WsAuthSession",
            "WsAuthSessions",
            "WsAuthStoreError",
            "WsPublic",
            "WsSession",
            "WsTickets",
            "WsUser",
            "fromAuthorizationHeader",
            "fromCookie",
            "fromFirstMessage",
            "fromQueryParam",
            "fromRequest",
            "fromSubprotocol",
            "fromUserInfo",
            "sessionOf",
            "userOf",
          ],
        },
        "./redis": {
          "types": [
            "IoRedisClient",
            "NodeRedisClient",
            "RedisStoreOptions",
            "WsAuthRedisClient",
          ],
          "values": [
            "redisWsAuthStore",
          ],
        },
      }
    `);
  });
});

/** What TypeScript sees of a declaration file: names that exist at run time, and names of types alone. */
function exportedNames(path: string): { values: string[]; types: string[] } {
  const program = ts.createProgram([path], {
    module: ts.ModuleKind.NodeNext,
    noResolve: false,
    skipLibCheck: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(path)!)!;
  const exported = checker.getExportsOfModule(module).map((symbol) => ({
    name: symbol.name,
    isValue: (resolved(symbol, checker).flags & ts.SymbolFlags.Value) !== 0,
  }));
  const namesOf = (isValue: boolean) =>
    exported
      .filter((each) => each.isValue === isValue)
      .map(({ name }) => name)
      .toSorted();
  return { values: namesOf(true), types: namesOf(false) };
}

function resolved(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}
