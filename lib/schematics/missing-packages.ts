import { jsonOf, type Tree } from './workspace.js';

/** Names of packages with their versions, as a section of `package.json` lists them. */
export type Packages = Readonly<Record<string, string>>;

/** Packages that the module needs, and that an application lacks. */
export interface MissingPackages {
  readonly dependencies: Packages;
  readonly devDependencies: Packages;
}

/** Major versions of Nest that the package supports. */
const supported: readonly string[] = ['11', '12'];

/** What the strategy `jwt` needs, which the schematic names in `forRoot()`. */
const ofJwt: MissingPackages = {
  dependencies: { 'passport-jwt': '^4.0.1' },
  devDependencies: { '@types/passport-jwt': '^4.0.1' },
};

/**
 * The packages that an application lacks, in the major version of its Nest. The version is `*` if Nest is not installed in a
 * major version that the package supports, so that the developer has to decide.
 *
 * An application that uses Passport has its strategies already, so `passport-jwt` is missing only without `@nestjs/passport`.
 */
export function missingPackages(tree: Tree): MissingPackages {
  const listed = { ...sectionOf(tree, 'devDependencies'), ...sectionOf(tree, 'dependencies') };
  const version = versionBeside(tree, listed['@nestjs/core'] ?? '');
  const lacks = ([name]: [string, string]) => !(name in listed);
  const needed = {
    '@nestjs/websockets': version,
    ...('@nestjs/platform-socket.io' in listed ? {} : { '@nestjs/platform-ws': version }),
    '@nestjs/passport': version,
    passport: '^0.7.0',
  };
  const jwt = '@nestjs/passport' in listed ? undefined : ofJwt;
  const of = (packages: Packages) =>
    Object.fromEntries(Object.entries(packages).filter((each) => lacks(each)));
  return {
    dependencies: of({ ...needed, ...jwt?.dependencies }),
    devDependencies: of({ ...jwt?.devDependencies }),
  };
}

/** A section of `package.json`; empty if it is missing. */
export function sectionOf(tree: Tree, name: string): Packages {
  return (jsonOf(tree, 'package.json')[name] ?? {}) as Packages;
}

/** The installed version counts. What `package.json` states may be a tag, or a name of the workspace. */
function versionBeside(tree: Tree, stated: string): string {
  const { version = stated } = jsonOf(tree, 'node_modules/@nestjs/core/package.json') as {
    version?: string;
  };
  const [major = ''] = /\d+/.exec(version) ?? [];
  return supported.includes(major) ? `^${major}.0.0` : '*';
}
