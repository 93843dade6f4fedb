import { jsonOf, type Tree } from './workspace.js';

const section = (tree: Tree, name: string) =>
  (jsonOf(tree, 'package.json')[name] ?? {}) as Readonly<Record<string, string>>;

/** What the developer has to do next, one step a line. */
export function leftToDo(tree: Tree): string[] {
  const missing = missingPackages(tree);
  return [
    ...(missing.length > 0 ? [`Install what is missing: npm install ${missing.join(' ')}`] : []),
    "Provide a Passport strategy with the name 'jwt' in the root module, or change the name in forRoot().",
    'Set the secret or the key of the strategy, such as JWT_SECRET in the README of nestjs-ws-auth.',
    'Mark gateways that every client may use with @WsPublic(): WsAuthModule protects all others.',
  ];
}

/** Packages of Nest have to have the major version of the application. */
function missingPackages(tree: Tree): string[] {
  const installed = { ...section(tree, 'devDependencies'), ...section(tree, 'dependencies') };
  const [major] = /\d+/.exec(installed['@nestjs/core'] ?? '') ?? [];
  const version = major === undefined ? '' : `@${major}`;
  const platform = '@nestjs/platform-socket.io' in installed ? [] : ['@nestjs/platform-ws'];
  const ofNest = ['@nestjs/websockets', ...platform, '@nestjs/passport'];
  return [
    ...ofNest.filter((name) => !(name in installed)).map((name) => name + version),
    ...['passport'].filter((name) => !(name in installed)),
  ];
}
