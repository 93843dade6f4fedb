/** The files of the application, as the schematics of Nest's CLI show them. No package is needed for so little. */
export interface Tree {
  read(path: string): Uint8Array | null;
  overwrite(path: string, content: string): void;
}

/** What the schematics do after the files are written. */
export interface Task {
  toConfiguration(): { readonly name: string; readonly options: object };
}

/** Where a schematic reports, and schedules tasks. */
export interface SchematicContext {
  readonly logger: { info(text: string): void; warn(text: string): void };
  addTask(task: Task): void;
}

/** Text of a file; `undefined` if there is no such file. */
export function textOf(tree: Tree, path: string): string | undefined {
  const bytes = tree.read(path);
  return bytes === null ? undefined : Buffer.from(bytes).toString();
}

/** A file of JSON; empty if there is none, or if it cannot be parsed. */
export function jsonOf(tree: Tree, path: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(textOf(tree, path) ?? '{}') as Record<string, unknown>;
  } catch {
    return {};
  }
}
