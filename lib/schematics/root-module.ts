import { posix } from 'node:path';
import type ts from 'typescript';
import { Source, specifierOf } from './compiler.js';
import { textOf, type Tree } from './workspace.js';

/** The root module: its file, and the object in its `@Module()`. */
export interface RootModule {
  readonly source: Source;
  readonly metadata: ts.ObjectLiteralExpression;
}

/** The class that `main.ts` hands to `NestFactory.create()`, wherever it is declared. */
export function rootModuleOf(tree: Tree, main: Source): RootModule | undefined {
  const name = nameOfRoot(main);
  const source = name === undefined ? undefined : sourceOf(tree, main, name);
  const metadata = source && metadataOf(source, name!);
  return metadata && { source, metadata };
}

function nameOfRoot(main: Source): string | undefined {
  const { compiler } = main;
  const create = main
    .all(compiler.isCallExpression)
    .find(({ expression }) => expression.getText() === 'NestFactory.create');
  const root = create?.arguments[0];
  return root && compiler.isIdentifier(root) ? root.text : undefined;
}

function sourceOf(tree: Tree, main: Source, name: string): Source | undefined {
  const declaration = main.importOf(name);
  if (!declaration) {
    return main;
  }
  const specifier = specifierOf(declaration);
  const path = posix.join(posix.dirname(main.path), `${specifier.replace(/\.js$/, '')}.ts`);
  const text = specifier.startsWith('.') ? textOf(tree, path) : undefined;
  return text === undefined ? undefined : new Source(main.compiler, path, text);
}

function metadataOf(source: Source, name: string): ts.ObjectLiteralExpression | undefined {
  const { compiler } = source;
  const root = source.all(compiler.isClassDeclaration).find((each) => each.name?.text === name);
  const decorators = (root && compiler.getDecorators(root)) ?? [];
  for (const { expression } of decorators) {
    const isModule =
      compiler.isCallExpression(expression) && expression.expression.getText() === 'Module';
    const metadata = isModule ? expression.arguments[0] : undefined;
    if (metadata && compiler.isObjectLiteralExpression(metadata)) {
      return metadata;
    }
  }
  return undefined;
}
