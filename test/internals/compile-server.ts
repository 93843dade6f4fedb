import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const source = new URL('../smoke/server.ts', import.meta.url);
const target = new URL('../smoke/dist/', import.meta.url);

/** The compiled program of the smoke suite, which imports the built package by its name. */
export const serverProgram = fileURLToPath(new URL('server.js', target));

/** Compiles the program: Node.js itself knows no decorators. */
export async function setup(): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(source, 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  await mkdir(target, { recursive: true });
  await writeFile(serverProgram, outputText);
}
