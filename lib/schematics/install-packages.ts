import { missingPackages, sectionOf, type MissingPackages } from './missing-packages.js';
import { textOf, type SchematicContext, type Task, type Tree } from './workspace.js';

/**
 * Adds what the application lacks to its `package.json`, and schedules the installation.
 *
 * @returns what is left to install by hand, as steps for the developer
 */
export function installPackages(
  tree: Tree,
  context: SchematicContext,
  skipInstall: boolean,
): string[] {
  const missing = missingPackages(tree);
  const { dependencies, devDependencies } = missing;
  const names = Object.keys({ ...dependencies, ...devDependencies });
  if (names.length === 0) {
    return [];
  }
  if (Object.values(dependencies).includes('*')) {
    return [
      `Install ${names.join(', ')}: Nest's packages in the major version of @nestjs/core, which has to be 11 or 12.`,
    ];
  }
  tree.overwrite('package.json', withPackages(tree, missing));
  context.logger.info(`package.json has ${names.join(', ')}`);
  if (skipInstall) {
    return ['Install what package.json lists.'];
  }
  context.addTask(installation(tree));
  return [];
}

/** The text of `package.json` with more packages, in its form and in the order of package managers. */
function withPackages(tree: Tree, missing: MissingPackages): string {
  const text = textOf(tree, 'package.json')!;
  const manifest = JSON.parse(text) as Record<string, unknown>;
  for (const name of ['dependencies', 'devDependencies'] as const) {
    if (Object.keys(missing[name]).length > 0) {
      const packages = Object.entries({ ...sectionOf(tree, name), ...missing[name] });
      manifest[name] = Object.fromEntries(
        packages.toSorted(([one], [other]) => one.localeCompare(other, 'en')),
      );
    }
  }
  const [indent = '  '] = /^[ \t]+(?=")/m.exec(text) ?? [];
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const end = text.endsWith('\n') ? newline : '';
  return JSON.stringify(manifest, undefined, indent).replaceAll('\n', newline) + end;
}

/** The task of the schematics that runs the package manager. They find all but Bun by themselves. */
function installation(tree: Tree): Task {
  const isBun = ['bun.lock', 'bun.lockb'].some((name) => tree.read(name) !== null);
  const options = { command: 'install', quiet: true, ...(isBun && { packageManager: 'bun' }) };
  return { toConfiguration: () => ({ name: 'node-package', options }) };
}
