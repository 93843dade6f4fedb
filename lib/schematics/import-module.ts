import type ts from 'typescript';
import type { Source } from './compiler.js';
import { insertion, type Edit } from './edit.js';

/** What is added to the imports of the root module. */
export const addedImport = "WsAuthModule.forRoot({ strategy: 'jwt' })";

/** The edits that import `WsAuthModule` in the root module; `undefined` if its `imports` is not a list. */
export function importModule(
  source: Source,
  metadata: ts.ObjectLiteralExpression,
): Edit[] | undefined {
  const edits = listEdits(source, metadata);
  return edits && [importStatement(source), ...edits];
}

function listEdits(source: Source, metadata: ts.ObjectLiteralExpression): Edit[] | undefined {
  const { compiler } = source;
  const property = metadata.properties.find((each) => nameOf(each) === 'imports');
  if (!property) {
    // What is spread may have imports, which would replace those that are added.
    const isWhole = !metadata.properties.some(compiler.isSpreadAssignment);
    return isWhole ? [firstProperty(source, metadata)] : undefined;
  }
  const list = compiler.isPropertyAssignment(property) ? property.initializer : undefined;
  return list && compiler.isArrayLiteralExpression(list) ? lastElement(source, list) : undefined;
}

/** A name may have quotes. */
function nameOf({ name }: ts.ObjectLiteralElementLike): string | undefined {
  return name?.getText().replace(/^(['"])(.*)\1$/, '$2');
}

/** In the form of the file: on a line of its own where the other properties are. */
function firstProperty({ text }: Source, { properties, end }: ts.ObjectLiteralExpression): Edit {
  const first = properties[0];
  const line = `imports: [${addedImport}]`;
  return first
    ? insertion(first.getStart(), `${line},${separatorBefore(text, properties.pos, first)}`)
    : insertion(end - 1, ` ${line} `);
}

/** Behind the last element and its comment, so that the comment stays with it. */
function lastElement(source: Source, { elements }: ts.ArrayLiteralExpression): Edit[] {
  const last = elements.at(-1);
  if (!last) {
    return [insertion(elements.pos, addedImport)];
  }
  const { text, compiler } = source;
  const start = elements.hasTrailingComma ? elements.end : last.end;
  const comments = compiler.getTrailingCommentRanges(text, start) ?? [];
  const separator = separatorBefore(text, last.pos, last);
  const comma = elements.hasTrailingComma ? ',' : '';
  const added = insertion(comments.at(-1)?.end ?? start, separator + addedImport + comma);
  return elements.hasTrailingComma ? [added] : [added, insertion(last.end, ',')];
}

/** The white space before a node: a space, or a new line with its indentation. */
function separatorBefore(text: string, from: number, node: ts.Node): string {
  const [space = ''] = /\r?\n[ \t]*$/.exec(text.slice(from, node.getStart())) ?? [];
  return space || ' ';
}

/** With the quotes, the semicolon and the line ends of the other imports. */
function importStatement({ imports, text }: Source): Edit {
  const last = imports.at(-1)!;
  const quote = last.moduleSpecifier.getText().charAt(0);
  const semicolon = last.getText().endsWith(';') ? ';' : '';
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const at = text.slice(last.end).search(/\r?\n|$/) + last.end;
  const from = `${quote}nestjs-ws-auth${quote}`;
  return insertion(at, `${newline}import { WsAuthModule } from ${from}${semicolon}`);
}
