import { posix } from 'node:path';
import { loadCompiler, Source } from './compiler.js';
import { applyEdits } from './edit.js';
import { addedImport, importModule } from './import-module.js';
import { installPackages } from './install-packages.js';
import { leftToDo } from './left-to-do.js';
import { removeAdapter } from './remove-adapter.js';
import { rootModuleOf, type RootModule } from './root-module.js';
import { jsonOf, textOf, type SchematicContext, type Tree } from './workspace.js';

/** What Nest's CLI passes on. */
export interface NestAddOptions {
  /** @default 'src' */
  readonly sourceRoot?: string;
  /**
   * Only writes `package.json`, and installs nothing.
   *
   * @default false
   */
  readonly skipInstall?: boolean;
}

/**
 * The schematic of `nest add nestjs-ws-auth`: installs the packages that are missing, imports `WsAuthModule` in the root module,
 * removes the adapter of the platform from `main.ts`, and prints what is left to do. It changes no code that it does not understand.
 */
export function nestAdd({ sourceRoot = 'src', skipInstall = false }: NestAddOptions) {
  return (tree: Tree, context: SchematicContext): Tree => {
    const { logger } = context;
    const main = mainOf(tree, sourceRoot);
    const root = main && rootModuleOf(tree, main);
    if (main && root && addModule(tree, root, logger)) {
      removeFrom(tree, main.path, logger);
    } else {
      logger.warn(
        `Add ${addedImport} to the imports of the root module, and remove the adapter of the platform: the code was not changed.`,
      );
    }
    const steps = [...installPackages(tree, context, skipInstall), ...leftToDo];
    logger.info(['Left to do:', ...steps.map((step) => `- ${step}`)].join('\n'));
    return tree;
  };
}

/** The file that starts the application, read with the compiler of the application. */
function mainOf(tree: Tree, sourceRoot: string): Source | undefined {
  const { entryFile = 'main' } = jsonOf(tree, 'nest-cli.json') as { entryFile?: string };
  const path = posix.join(sourceRoot, `${entryFile}.ts`);
  return read(tree, path);
}

function read(tree: Tree, path: string): Source | undefined {
  const text = textOf(tree, path);
  const compiler = text === undefined ? undefined : loadCompiler(process.cwd());
  return compiler && new Source(compiler, path, text!);
}

/** Whether the root module imports it now. */
function addModule(
  tree: Tree,
  { source, metadata }: RootModule,
  logger: SchematicContext['logger'],
): boolean {
  const { path, text } = source;
  if (text.includes('WsAuthModule')) {
    logger.info(`${path} has WsAuthModule already`);
    return true;
  }
  const edits = importModule(source, metadata);
  if (edits) {
    tree.overwrite(path, applyEdits(text, edits));
    logger.info(`${path} imports ${addedImport}`);
  }
  return edits !== undefined;
}

/** Reads the file again: the root module may be in it. */
function removeFrom(tree: Tree, path: string, logger: SchematicContext['logger']): void {
  const main = read(tree, path)!;
  const { edits, name } = removeAdapter(main);
  if (edits.length > 0) {
    tree.overwrite(path, applyEdits(main.text, edits));
    logger.info(`${path} sets no ${name} any more: the module installs its own adapter`);
  } else if (name !== undefined && name !== 'WsAuthAdapter' && name !== 'WsAuthIoAdapter') {
    logger.warn(
      `${path} sets ${name}, which was not changed: replace it by WsAuthAdapter of nestjs-ws-auth/ws, or ` +
        'WsAuthIoAdapter of nestjs-ws-auth/socket.io, which take the same options and can be extended.',
    );
  }
}
