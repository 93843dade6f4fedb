import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const files = ['smoke/server', 'matrix/suite/http-adapter'];
const source = new URL('../', import.meta.url);
const target = new URL('../smoke/dist/', import.meta.url);

/** The compiled program of the smoke suite, which imports the built package by its name. */
export const serverProgram = fileURLToPath(new URL('smoke/server.js', target));

/** Compiles the program: Node.js itself knows no decorators. */
export async function setup(): Promise<void> {
  await Promise.all(files.map(compile));
}

async function compile(file: string): Promise<void> {
  const { outputText } = ts.transpileModule(await readFile(new URL(`${file}.ts`, source), 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
    },
  });
  const path = fileURLToPath(new URL(`${file}.js`, target));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, outputText);
}
