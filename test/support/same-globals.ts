/** The files of a worker share its globals, so that each has to leave them as it has found them. */
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
const globals: Globals = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
worker[key] ??= globals;
const replaced = names.filter((name) => worker[key]![name] !== globals[name]);
if (replaced.length > 0) {
  throw new Error(`a test file before this one has left replaced globals: ${replaced.join(', ')}`);
}
