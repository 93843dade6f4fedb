import { createRequire } from 'node:module';
import { join } from 'node:path';
import type ts from 'typescript';

/** The compiler of the application, which every application in TypeScript has. */
export type Compiler = typeof ts;

/** Loads the compiler from the folder of the application; `undefined` if it offers no syntax trees. */
export function loadCompiler(folder: string): Compiler | undefined {
  try {
    const compiler = createRequire(join(folder, 'package.json'))('typescript') as Compiler;
    return typeof compiler.createSourceFile === 'function' ? compiler : undefined;
  } catch {
    return undefined;
  }
}

/** A file with its syntax tree. */
export class Source {
  readonly tree: ts.SourceFile;

  constructor(
    readonly compiler: Compiler,
    readonly path: string,
    readonly text: string,
  ) {
    this.tree = compiler.createSourceFile(path, text, compiler.ScriptTarget.Latest, true);
  }

  get imports(): ts.ImportDeclaration[] {
    return this.tree.statements.filter((each) => this.compiler.isImportDeclaration(each));
  }

  /** The import that declares a name. */
  importOf(name: string): ts.ImportDeclaration | undefined {
    return this.imports.find((each) => this.namesOf(each).includes(name));
  }

  /** The names in the braces of an import. */
  namesOf({ importClause }: ts.ImportDeclaration): string[] {
    return this.#elementsOf(importClause).map(({ name }) => name.text);
  }

  /** Every node of one kind, in order. */
  all<Node extends ts.Node>(is: (node: ts.Node) => node is Node): Node[] {
    const found: Node[] = [];
    const visit = (node: ts.Node): void => {
      if (is(node)) {
        found.push(node);
      }
      this.compiler.forEachChild(node, visit);
    };
    visit(this.tree);
    return found;
  }

  #elementsOf(clause: ts.ImportClause | undefined): readonly ts.ImportSpecifier[] {
    const bindings = clause?.namedBindings;
    return bindings && this.compiler.isNamedImports(bindings) ? bindings.elements : [];
  }
}

/** What an import names after `from`. */
export function specifierOf({ moduleSpecifier }: ts.ImportDeclaration): string {
  return (moduleSpecifier as ts.StringLiteral).text;
}
