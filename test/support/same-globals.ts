import { afterAll } from 'vitest';
import { patient } from './patience.js';

/** The files of a worker share its globals and its environment, so that each has to leave them as it has found them. */
const names = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'queueMicrotask',
  'Date',
  'performance',
  'fetch',
  'WebSocket',
  'WeakRef',
] as const;

type Globals = Readonly<Record<string, unknown>>;

const key = Symbol.for('globals that the first file of this worker has found');
const worker = globalThis as typeof globalThis & { [key]?: Globals };
const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'));
const globals: Globals = Object.fromEntries([
  ...names.map((name) => [name, globalThis[name]] as const),
  ...environment.map(([name, value]) => [`process.env.${name}`, value] as const),
]);
const first = (worker[key] ??= globals);
const replaced = Object.keys({ ...first, ...globals }).filter(
  (name) => first[name] !== globals[name],
);
if (replaced.length > 0) {
  throw new Error(`a test file before this one has left replaced globals: ${replaced.join(', ')}`);
}

/** Sockets that still close set timers, which would count as those of the next file where that one has replaced the clocks. */
afterAll(async () => {
  const deadline = performance.now() + patient(2_000);
  while (hasSockets() && performance.now() < deadline) {
    await new Promise((resolve) => setImmediate(resolve));
  }
});

function hasSockets(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('TCP'));
}
