import type ts from 'typescript';
import { specifierOf, type Source } from './compiler.js';
import { removal, type Edit } from './edit.js';

/** What became of the adapter that `main.ts` sets. */
export interface AdapterRemoval {
  readonly edits: readonly Edit[];
  /** The class that is set, or the expression; `undefined` if no adapter is set. */
  readonly name: string | undefined;
}

const platforms = ['@nestjs/platform-ws', '@nestjs/platform-socket.io'];

/**
 * The edits that remove `app.useWebSocketAdapter(new WsAdapter(app))`, and the import that only this line needed.
 *
 * An adapter with options, or a class of the application, may do more than Nest's, so it stays.
 */
export function removeAdapter(main: Source): AdapterRemoval {
  const { compiler, text } = main;
  const statement = main.all(compiler.isExpressionStatement).find((each) => adapterIn(main, each));
  const adapter = statement && adapterIn(main, statement);
  if (!statement || !adapter) {
    return { edits: [], name: undefined };
  }
  const name = compiler.isNewExpression(adapter) ? adapter.expression.getText() : adapter.getText();
  const declaration = main.importOf(name);
  const isPlain =
    compiler.isNewExpression(adapter) &&
    (adapter.arguments?.length ?? 0) <= 1 &&
    standsAlone(main, statement);
  if (!isPlain || !declaration || !platforms.includes(specifierOf(declaration))) {
    return { edits: [], name };
  }
  const line = removal(text, statement.getStart(), statement.end);
  return { edits: [line, ...unusedImport(main, declaration, name)], name };
}

/** What a statement hands to `useWebSocketAdapter()`. */
function adapterIn({ compiler }: Source, { expression }: ts.ExpressionStatement) {
  const isCall =
    compiler.isCallExpression(expression) &&
    compiler.isPropertyAccessExpression(expression.expression) &&
    expression.expression.name.text === 'useWebSocketAdapter';
  return isCall ? expression.arguments[0] : undefined;
}

/** The only statement of an `if` without braces may not go: the next one would take its place. */
function standsAlone({ compiler }: Source, { parent }: ts.Statement): boolean {
  return compiler.isBlock(parent) || compiler.isSourceFile(parent);
}

function unusedImport(main: Source, declaration: ts.ImportDeclaration, name: string): Edit[] {
  const uses = main.all(main.compiler.isIdentifier).filter(({ text }) => text === name);
  const isAlone = main.namesOf(declaration).length === 1 && !declaration.importClause?.name;
  // The import and the removed line.
  return uses.length === 2 && isAlone
    ? [removal(main.text, declaration.getStart(), declaration.end)]
    : [];
}
